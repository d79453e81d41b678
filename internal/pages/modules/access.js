// The card of the access token: what it says, and how long it still says it.

import { countdown, timeOfDay } from './clock.js';
import { fill, find, make, mark, say } from './dom.js';
import { claimOrder, meaningOf } from './words.js';

const times = new Set(['exp', 'iat', 'nbf', 'auth_time']);
const identifier = /^[0-9a-f]{8}-[0-9a-f-]{22,}[0-9a-f]{4}$/;

function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(' ');
  return value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function brief(name, value) {
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
  #last = false;

  constructor(clock) {
    this.#clock = clock;
  }

  /** Shows the token, or none; `last` means that its grant is over and no other token can follow. */
  show(access, last) {
    this.#access = access;
    this.#last = last;
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
    this.tick();
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
  }

  /** Shows the time left. True once, when the token shown has just ended and the state is worth reading again. */
  tick() {
    const line = find('access-line');
    const left = this.#clock.until(this.#access?.expires_at);
    if (left === null || left <= 0) {
      mark(this.#card, 'tone', 'bad');
      say(line, this.#last ? 'Over, and no other can follow' : left === null ? 'None. A refresh buys one.' : 'Ended. A refresh buys the next.');
      say(find('access-left'), '0:00');
      fill(this.#ring, 0);
      const fresh = left !== null && this.#asked !== this.#access.expires_at;
      if (fresh) this.#asked = this.#access.expires_at;
      return fresh;
    }
    const claims = this.#access.claims;
    const whole = Number(claims.exp) - Number(claims.iat) || 600;
    const percent = left / whole / 10;
    mark(this.#card, 'tone', percent > 25 && !this.#last ? 'ok' : percent > 8 ? 'warn' : 'bad');
    if (this.#last) say(line, 'The last one: no other can follow');
    else say(line, percent > 25 ? 'Opens the API' : 'Opens the API, not for long');
    say(find('access-left'), countdown(left));
    fill(this.#ring, percent);
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
    return make('span', { class: 'pill', title: `${name}: ${value}` }, value.length > 10 ? `${name} ${value.slice(0, 6)}…` : `${name} ${value}`);
  });
}
