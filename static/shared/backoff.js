const FIRST_MS = 500;
// Each wait is then, at the most, about as long as all before it: whoever was away for some seconds is back as soon.
const GROWTH = 1.5;
const LONGEST_MS = 30_000;
// A server that accepts and drops at once must not be asked again at full speed.
const STABLE_MS = 10_000;

export class Backoff {
  #random;
  #attempts = 0;
  #openedAt = null;

  constructor(random = Math.random) {
    this.#random = random;
  }

  opened(now) {
    this.#openedAt = now;
  }

  // Full jitter on top of the floor: a thousand readers told "in 2 s" must not return in the same instant.
  next(now, floor = 0) {
    if (this.#openedAt !== null && now - this.#openedAt >= STABLE_MS) this.#attempts = 0;
    this.#openedAt = null;
    const ceiling = Math.min(LONGEST_MS, FIRST_MS * GROWTH ** this.#attempts);
    this.#attempts += 1;
    return floor + this.#random() * ceiling;
  }
}
