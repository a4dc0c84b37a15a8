/** @import { Member } from "./types.js" */

const SHOWN_MS = 5_000;
const MIN_INTERVAL_MS = 3_000;

/** Who is typing, by the last `typing` frame of each. */
export class TypingTracker {
  /** @type {Map<string, { name: string, expires: number }>} */
  #typing = new Map();

  /** @param {Member} member @param {number} now */
  add({ key, name }, now) {
    this.#typing.set(key, { name, expires: now + SHOWN_MS });
  }

  remove(/** @type {string} */ key) {
    this.#typing.delete(key);
  }

  clear() {
    this.#typing.clear();
  }

  names(/** @type {number} */ now) {
    for (const [key, { expires }] of this.#typing) if (expires <= now) this.#typing.delete(key);
    return Array.from(this.#typing.values(), ({ name }) => name);
  }

  /** When the next name expires; null if no one is typing. */
  get nextExpiry() {
    return this.#typing.size === 0 ? null : Math.min(...Array.from(this.#typing.values(), ({ expires }) => expires));
  }
}

/** Limits the `typing` commands of this person to as many as keep the name shown to others. */
export class TypingThrottle {
  #next = -Infinity;

  shouldSend(/** @type {number} */ now) {
    if (now < this.#next) return false;
    this.#next = now + MIN_INTERVAL_MS;
    return true;
  }

  /** The message was sent: the next letter begins a new one. */
  reset() {
    this.#next = -Infinity;
  }
}
