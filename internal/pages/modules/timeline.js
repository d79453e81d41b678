// The timeline: what happened, newest on top. It outlives a reload in sessionStorage, where it keeps
// sentences and never a token: no token ever reaches this page.

import { timeOfDay } from './clock.js';
import { find, make, mark } from './dom.js';
import { tones } from './words.js';

const store = 'daypass-demo-timeline';
const most = 60;

const text = (value, limit) => (typeof value === 'string' ? value.slice(0, limit) : '');

/** Storage belongs to whoever can write in this origin: take only what has the right shape. */
function clean(entry) {
  const at = Number(entry?.at);
  if (!Number.isFinite(at) || typeof entry.action !== 'string') return null;
  return {
    at,
    actor: text(entry.actor, 20),
    action: text(entry.action, 200),
    verdict: Object.hasOwn(tones, entry.verdict ?? '') ? entry.verdict : '',
    status: text(entry.status, 20),
    why: text(entry.why, 600),
  };
}

export class Timeline {
  #list = find('timeline');
  #entries = [];
  #clock;

  constructor(clock) {
    this.#clock = clock;
    try {
      const kept = JSON.parse(sessionStorage.getItem(store) ?? '[]');
      this.#entries = (Array.isArray(kept) ? kept : []).map(clean).filter(Boolean).slice(0, most);
    } catch {
      this.#entries = [];
    }
    this.#list.replaceChildren(...this.#entries.map((entry) => row(entry, false)));
    this.#list.addEventListener('scroll', () => this.#edge(), { passive: true });
    new ResizeObserver(() => this.#edge()).observe(this.#list);
    watchLast();
  }

  /** Adds {actor, action, verdict, status, why} on top. */
  add(entry) {
    const whole = clean({ ...entry, status: String(entry.status ?? ''), at: this.#clock.now() });
    this.#entries.unshift(whole);
    this.#entries.length = Math.min(this.#entries.length, most);
    this.#list.prepend(row(whole, true));
    while (this.#list.childElementCount > most) this.#list.lastElementChild.remove();
    this.#list.scrollTop = 0;
    this.#edge();
    last(whole);
    this.#keep();
  }

  clear() {
    this.#entries = [];
    this.#list.replaceChildren();
    find('last').hidden = true;
    this.#keep();
  }

  /** Says whether entries lie below the edge, where the list then fades instead of cutting one off. */
  #edge() {
    mark(this.#list, 'more', this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight > 1 ? '' : null);
  }

  #keep() {
    try {
      sessionStorage.setItem(store, JSON.stringify(this.#entries));
    } catch {
      // Storage switched off or full: the timeline then lives as long as the page.
    }
  }
}

function row(entry, fresh) {
  const tone = tones[entry.verdict];
  return make('li', { class: 'entry', 'data-tone': tone, 'data-verdict': entry.verdict || null, 'data-new': fresh ? '' : null },
    make('p', { class: 'entry-top' },
      make('time', { datetime: new Date(entry.at).toISOString() }, timeOfDay(entry.at)),
      make('span', { class: 'entry-who' }, entry.actor),
      entry.status ? make('span', null, /^\d+$/.test(entry.status) ? `HTTP ${entry.status}` : entry.status) : null,
      entry.verdict ? make('span', { class: 'pill', 'data-tone': tone }, entry.verdict) : null),
    make('p', { class: 'entry-what' }, entry.action),
    entry.why ? make('p', { class: 'entry-why' }, entry.why) : null);
}

/** The strip on a narrow page is there while the stories are seen and the timeline is not. */
function watchLast() {
  const seen = new Map();
  const watch = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting } of changes) seen.set(target, isIntersecting);
    mark(find('last'), 'away', seen.get(stories) && !seen.get(title) ? null : '');
  });
  const stories = document.querySelector('.story-grid');
  const title = find('timeline-title');
  watch.observe(stories);
  watch.observe(title);
}

function last(entry) {
  find('last').hidden = false;
  find('last-verdict').hidden = !entry.verdict;
  find('last-verdict').textContent = entry.verdict;
  find('last-verdict').dataset.tone = tones[entry.verdict] ?? '';
  find('last-words').textContent = entry.action;
}
