// The demo page: reads the state, shows the two cards, runs the stories.

import { AccessCard } from './access.js';
import { Clock } from './clock.js';
import { find, make, mark, say } from './dom.js';
import { RefreshCard } from './refresh.js';
import { server } from './server.js';
import { Stories } from './stories.js';
import { Timeline } from './timeline.js';
import { grants, standing, whyEnded } from './words.js';

const grantKey = 'daypass-demo-grant';

const clock = new Clock();
const timeline = new Timeline(clock);
const accessCard = new AccessCard(clock);
const refreshCard = new RefreshCard(clock);
const buttons = [...document.querySelectorAll('[data-story]')];

const page = {
  state: null,
  async reload() {
    const { status, body } = await server.state();
    if (status !== 200 || !body) return;
    clock.sync(body.now);
    page.state = body;
    accessCard.show(body.access, standing(body));
    refreshCard.show(body.refresh, body.thief, body.grant);
    showEnd(body);
    showEvents(body.events ?? []);
  },
  tell(entry) {
    timeline.add(entry);
  },
};

const stories = new Stories(page);

function showEnd({ refresh }) {
  const over = !refresh || !grants.has(refresh.verdict_now);
  find('ended').hidden = !over;
  find('last-link').href = over ? '/login' : '#timeline-title';
  say(find('last-link'), over ? 'Sign in' : 'Why?');
  if (!over) return;
  say(find('ended-title'), refresh?.revoked_reason === 'refresh token reuse' ? 'You are logged out, and so is the thief' : 'Log in again');
  say(find('ended-why'), whyEnded(refresh));
}

function showEvents(events) {
  find('events').replaceChildren(...(events.length > 0 ? events : [{ kind: 'none yet', detail: '' }]).map((e) =>
    make('li', null, make('code', null, e.kind), e.detail ? make('span', null, e.detail) : null)));
}

/** One story at a time: their steps read the state that the step before left. */
async function exclusively(work) {
  for (const button of buttons) button.disabled = true;
  mark(find('demo'), 'busy', '');
  try {
    return await work();
  } finally {
    mark(find('demo'), 'busy', null);
    for (const button of buttons) button.disabled = false;
  }
}

const heist = {
  at: 0,
  steps: [...find('heist-steps').children],
  intro: find('heist-words').textContent,
  labels: ['Begin: steal a copy', 'Next: you refresh', 'Next: close the window', 'Next: you refresh', 'Next: the thief tries', 'Next: you refresh', 'Start again'],

  draw(words) {
    this.steps.forEach((step, i) => {
      mark(step, 'done', i < this.at ? (i < 4 ? 'ok' : 'bad') : null);
      if (i === this.at && this.at > 0) step.setAttribute('aria-current', 'step');
      else step.removeAttribute('aria-current');
    });
    say(document.querySelector('[data-story="heist"]'), this.labels[this.at]);
    find('heist-stop').hidden = this.at === 0;
    say(find('heist-words'), words);
  },

  async next() {
    if (this.at === this.steps.length) {
      this.stop();
      return;
    }
    const words = await stories.heist[this.at]();
    if (words) {
      this.at++;
      this.draw(words);
    } else {
      this.at = 0;
      this.draw('It did not go on: the timeline says why. Log in again if the grant is over, then start afresh.');
    }
  },

  stop() {
    this.at = 0;
    this.draw(this.intro);
  },
};

async function press(button) {
  const name = button.dataset.story;
  await exclusively(() => (name === 'heist' ? heist.next() : stories[name]()));
  button.focus({ preventScroll: true });
}

/** A new grant means a new log-in: the timeline says so once. */
function noteLogin() {
  const grant = page.state?.grant;
  if (!grant) return;
  try {
    if (sessionStorage.getItem(grantKey) === grant) return;
    sessionStorage.setItem(grantKey, grant);
  } catch {
    return;
  }
  page.tell({ actor: 'You', action: 'Logged in', verdict: 'Allowed', why: 'The password was right. A session began, and with it a grant: the family of this refresh token, at generation 0.' });
}

async function start() {
  await page.reload();
  noteLogin();
  heist.draw(heist.intro);
  for (const button of buttons) {
    button.disabled = false;
    button.addEventListener('click', () => press(button));
  }
  find('heist-stop').addEventListener('click', () => heist.stop());
  find('clear').disabled = false;
  find('clear').addEventListener('click', () => timeline.clear());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') page.reload();
  });
  setInterval(() => {
    refreshCard.tick();
    if (accessCard.tick()) page.reload();
  }, 1000);
}

start();
