// Time as the server sees it, and times in words.

/** A clock that follows the server's, so that a wrong clock in the browser shows no wrong countdown. */
export class Clock {
  #ahead = 0;

  sync(serverNow) {
    const there = Date.parse(serverNow);
    if (!Number.isNaN(there)) this.#ahead = there - Date.now();
  }

  now() {
    return Date.now() + this.#ahead;
  }

  /** Milliseconds until an RFC 3339 time; negative once it is over, null for none. */
  until(when) {
    const at = Date.parse(when ?? '');
    return Number.isNaN(at) ? null : at - this.now();
  }
}

const two = (n) => String(n).padStart(2, '0');

/** 9:58 */
export function countdown(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** 29 days 23 h */
export function span(ms) {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${days} ${days === 1 ? 'day' : 'days'} ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : 'under a minute';
}

/** 12:03:04, in the reader's own time zone */
export function timeOfDay(ms) {
  const d = new Date(ms);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}
