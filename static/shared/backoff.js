const FIRST_MS = 500;
// Every wait is at most about as long as all earlier waits together: after a short outage a page returns soon.
const GROWTH = 1.5;
const LONGEST_MS = 30_000;
// A server that accepts and drops at once must not be asked again at full speed.
const STABLE_MS = 10_000;

/** How long to wait before the next attempt. All times are in milliseconds. */
export class Backoff {
  #random;
  #attempts = 0;
  /** @type {number | null} */
  #openedAt = null;

  constructor(random = Math.random) {
    this.#random = random;
  }

  opened(/** @type {number} */ now) {
    this.#openedAt = now;
  }

  /**
   * Full jitter on top of the floor: a thousand readers that were told "in 2 s" must not return in the same instant.
   * @param {number} now
   */
  next(now, floor = 0) {
    if (this.#openedAt !== null && now - this.#openedAt >= STABLE_MS) this.#attempts = 0;
    this.#openedAt = null;
    const ceiling = Math.min(LONGEST_MS, FIRST_MS * GROWTH ** this.#attempts);
    this.#attempts += 1;
    return floor + this.#random() * ceiling;
  }
}
