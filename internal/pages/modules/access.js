// The card of the access token: what it says, and how long it still says it.

import { countdown, timeOfDay } from './clock.js';
import { fill, find, make, mark, say } from './dom.js';
import { claimOrder, meaningOf } from './words.js';

const times = new Set(['exp', 'iat', 'nbf', 'auth_time']);
const lines = {
  last: 'The last one: no other can follow',
  expired: 'The last one: its grant has ended',
  void: 'Void: its grant has ended',
};
const notes = {
  expired: ['Good until exp', ' · No refresh buys another, but this one was handed out before. Usually no pass outlives its grant: here the demo moved the grant’s end.'],
  void: ['Void', ' · The grant was revoked, and this API asks the database on each call. An API that checks signatures alone would accept the pass until exp, which is why exp is near.'],
};
const identifier = /^[0-9a-f]{8}-[0-9a-f-]{22,}[0-9a-f]{4}$/;

function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(' ');
  return value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Shortens what nobody reads: the middle of an identifier or of something long. */
export function brief(name, value) {
  if (times.has(name) && Number.isFinite(value)) return timeOfDay(value * 1000);
  const text = plain(value);
  if (identifier.test(text)) return `${text.slice(0, 8)}…${text.slice(-4)}`;
  return text.length > 60 ? `${text.slice(0, 44)}…${text.slice(-8)}` : text;
}

/** Lets a long address break after a slash rather than anywhere. */
const breakable = (text) => text.split(/(?<=[^/:]\/)(?!\/)/).flatMap((part, i) => (i === 0 ? [part] : [make('wbr'), part]));

export class AccessCard {
  #card = find('access');
  #ring = this.#card.querySelector('.ring-fill');
  #clock;
  #access = null;
  #shown = '';
  #listed = '';
  #asked = '';
  #standing = 'live';
  #intro = [...find('meaning').childNodes];

  constructor(clock) {
    this.#clock = clock;
  }

  /** Shows the token, or none, with the standing that its grant gives it (words.js). */
  show(access, standing) {
    this.#access = access;
    const list = find('claims');
    const fingerprint = JSON.stringify(access);
    if (fingerprint !== this.#listed) {
      this.#listed = fingerprint;
      find('access-header').replaceChildren(...chips(access));
      if (access) {
        const held = document.activeElement?.dataset?.claim;
        list.replaceChildren(...sorted(access.claims).map(([name, value]) => this.#row(name, value)));
        if (held) list.querySelector(`[data-claim="${CSS.escape(held)}"]`)?.focus();
      } else {
        for (const value of list.querySelectorAll('.claim-value')) value.textContent = '·';
      }
    }
    if (standing !== this.#standing) {
      this.#standing = standing;
      this.#note(notes[standing]);
    }
    this.tick();
  }

  /** Writes under the claims what the standing means, for everybody: no claim's row says it. */
  #note(words) {
    this.#shown = '';
    for (const row of find('claims').querySelectorAll('.claim')) mark(row, 'shown', null);
    const box = find('meaning');
    box.replaceChildren(...(words ? [make('b', null, words[0]), words[1]] : this.#intro));
    box.setAttribute('aria-hidden', String(!words));
  }

  #row(name, value) {
    const meaning = meaningOf(name);
    const button = make('button', { type: 'button', class: 'claim', 'data-claim': name, 'data-shown': this.#shown === name ? '' : null },
      make('span', { class: 'claim-name' }, name),
      make('span', { class: 'claim-value' }, ...breakable(brief(name, value))),
      make('span', { class: 'aside-only' }, `. ${meaning}`));
    const explain = () => this.#explain(name, value, meaning);
    button.addEventListener('pointerenter', explain);
    button.addEventListener('focus', explain);
    button.addEventListener('click', explain);
    return make('li', null, button);
  }

  #explain(name, value, meaning) {
    this.#shown = name;
    for (const row of find('claims').querySelectorAll('.claim')) mark(row, 'shown', row.dataset.claim === name ? '' : null);
    const raw = plain(value);
    const full = brief(name, value) === raw ? '' : ` Here: ${raw}`;
    find('meaning').replaceChildren(make('b', null, name), ` · ${meaning}${full}`);
    find('meaning').setAttribute('aria-hidden', 'true'); // the row says it to a screen reader
  }

  /** Shows the time left. True once, when the token shown has just ended and the state is worth reading again. */
  tick() {
    const line = find('access-line');
    const left = this.#clock.until(this.#access?.expires_at);
    if (left === null || left <= 0) {
      mark(this.#card, 'tone', 'bad');
      say(line, this.#standing !== 'live' ? 'Over, and no other can follow' : left === null ? 'None. A refresh buys one.' : 'Ended. A refresh buys the next.');
      say(find('access-left'), '0:00');
      say(find('access-unit'), 'left');
      fill(this.#ring, 0);
      const fresh = left !== null && this.#asked !== this.#access.expires_at;
      if (fresh) this.#asked = this.#access.expires_at;
      return fresh;
    }
    const claims = this.#access.claims;
    const whole = Number(claims.exp) - Number(claims.iat) || 600;
    const percent = left / whole / 10;
    const live = this.#standing === 'live';
    const dead = this.#standing === 'void';
    mark(this.#card, 'tone', dead ? 'bad' : live && percent > 25 ? 'ok' : percent > 8 ? 'warn' : 'bad');
    say(line, lines[this.#standing] ?? (percent > 25 ? 'Opens the API' : 'Opens the API, not for long'));
    say(find('access-left'), dead ? 'void' : countdown(left));
    say(find('access-unit'), dead ? `exp ${countdown(left)}` : 'left');
    fill(this.#ring, dead ? 0 : percent);
    return false;
  }
}

function sorted(claims) {
  const rank = (name) => (claimOrder.indexOf(name) + 1 || claimOrder.length + 1);
  return Object.entries(claims ?? {}).sort(([a], [b]) => rank(a) - rank(b));
}

function chips(access) {
  if (!access) return [make('span', { class: 'pill' }, 'no token')];
  return ['typ', 'alg', 'kid'].filter((name) => access.header?.[name]).map((name) => {
    const value = String(access.header[name]);
    return make('span', { class: 'pill', title: `${name}: ${value}` }, value.length > 10 ? `${name} ${value.slice(0, 5)}…` : `${name} ${value}`);
  });
}
