// The card of the refresh token: its generations as beads, its windows and ends.

import { countdown, span } from './clock.js';
import { fill, find, make, mark, say } from './dom.js';
import { brief } from './access.js';
import { grants, isOver, rule, tones } from './words.js';

const beadsShown = 7;

export class RefreshCard {
  #card = find('refresh');
  #clock;
  #refresh = null;
  #before = null;

  constructor(clock) {
    this.#clock = clock;
  }

  show(refresh, thief, grant) {
    this.#refresh = refresh;
    const dead = !refresh || !grants.has(refresh.verdict_now);
    mark(this.#card, 'tone', dead ? 'bad' : 'odd');
    say(find('refresh-line'), headline(refresh, dead));
    say(find('generation'), refresh ? String(refresh.current) : '–');
    say(find('fact-grant'), grant ? brief('gid', grant) : '–');
    this.#facts(refresh, dead);
    this.#beads(refresh, thief, dead);
    const now = find('verdict-now');
    say(now, refresh?.verdict_now || 'Log in');
    mark(now, 'tone', tones[refresh?.verdict_now] ?? 'bad');
    say(find('verdict-rule'), refresh ? rule(refresh.verdict_now) : 'There is nothing to refresh with.');
    this.tick();
  }

  #facts(r, dead) {
    say(find('fact-presented'), r ? `generation ${r.presented_generation}` : '–');
    say(find('fact-current'), r ? `generation ${r.current}` : '–');
    say(find('fact-range'), dead ? 'nothing any more' : r.first < 0 ? 'none yet' : r.first === r.last ? `generation ${r.last}` : `generations ${r.first} to ${r.last}`);
  }

  #beads(r, thief, dead) {
    const track = find('track');
    mark(track, 'dead', dead ? '' : null);
    if (!r) {
      track.replaceChildren();
      return;
    }
    const from = Math.max(0, r.current - beadsShown + 1);
    const beads = [];
    for (let g = from; g <= r.current; g++) {
      const kind = kindOf(r, g);
      beads.push(make('li', { class: 'bead', 'data-bead': kind, 'data-more': g === from && from > 0 ? '' : null, 'data-new': this.#before !== null && g > this.#before ? '' : null },
        g === r.presented_generation ? make('span', { class: 'holder', 'data-who': 'you' }, 'you') : null,
        make('span', { class: 'bead-dot' }, String(g)),
        thief?.generation === g ? make('span', { class: 'holder', 'data-who': 'thief' }, 'thief') : null));
    }
    track.replaceChildren(...beads);
    this.#before = r.current;
    say(find('track-words'), `The current generation is ${r.current}. Your cookie holds ${r.presented_generation}.` +
      (r.first >= 0 ? ` ${r.first} to ${r.last} may be retried.` : '') + (thief ? ` A thief holds a copy of ${thief.generation}.` : '') + (dead ? ' The grant is over.' : ''));
  }

  tick() {
    const r = this.#refresh;
    this.#window(r);
    for (const [id, end] of [['fact-idle', r?.idle_ends_at], ['fact-absolute', r?.absolute_ends_at]]) {
      const left = this.#clock.until(end);
      say(find(id), left === null ? '–' : left > 0 && !isOver(r) ? `in ${span(left)}` : 'over');
    }
  }

  #window(r) {
    const bar = find('window-bar');
    const left = r && !isOver(r) ? this.#clock.until(r.window_ends_at) : null;
    if (left === null || left <= 0) {
      say(find('window-text'), !r ? '–' : isOver(r) ? 'over' : r.first < 0 ? 'opens at first refresh' : 'closed');
      fill(bar, 0);
      return;
    }
    say(find('window-text'), `open, ${countdown(left)} left`);
    fill(bar, left / r.window_seconds / 10);
  }
}

/** What presenting generation g would mean: the row alone tells. */
function kindOf(r, g) {
  if (g === r.current) return 'current';
  if (r.first >= 0 && g >= r.first && g <= r.last) return 'replayable';
  return r.last >= 0 && g > r.last ? 'orphan' : 'spent';
}

function headline(r, dead) {
  if (!r) return 'None in this browser';
  if (r.revoked_at) return 'Dead: revoked';
  if (dead) return r.verdict_now === 'Expired' ? 'Dead: its time is over' : `Refused: ${r.verdict_now}`;
  if (r.presented_generation === r.current) return 'Alive: you hold the newest';
  return 'Alive: you are behind, a retry catches up';
}
