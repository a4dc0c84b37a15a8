// Best first.
export const TAPS = ["socket", "stream", "poll"];
const TRIES = 3;
// A line that is cut again at once, as some proxies do, was never really open.
const STABLE_MS = 10_000;
const FIRST_TRIAL_MS = 5_000;
const LONGEST_TRIAL_MS = 60_000;

// Decides which tap is opened next. After the last the first has its turn again: when nothing opens,
// it is the server that is away, and any of them may be the one that finds it back.
export class Chooser {
  #random;
  #at = 0;
  #failures = 0;
  #trials = 0;
  #openedAt = null;

  constructor(random = Math.random) {
    this.#random = random;
  }

  get tap() {
    return TAPS[this.#at];
  }

  get better() {
    return TAPS.slice(0, this.#at);
  }

  opened(tap, now) {
    if (tap !== this.tap) this.#failures = 0;
    this.#at = TAPS.indexOf(tap);
    this.#openedAt = now;
  }

  lost(now) {
    const stood = this.#openedAt !== null && now - this.#openedAt >= STABLE_MS;
    this.#openedAt = null;
    if (stood && this.#at === 0) this.#trials = 0;
    this.#failures = stood ? 0 : this.#failures + 1;
    if (this.#failures < TRIES) return;
    this.#failures = 0;
    this.#at = (this.#at + 1) % TAPS.length;
  }

  // Soon at first, since a server that has just been restarted looks like a socket that is blocked.
  // Jittered, since all its readers look so at once.
  trialIn() {
    const ceiling = Math.min(LONGEST_TRIAL_MS, FIRST_TRIAL_MS * 2 ** this.#trials);
    this.#trials += 1;
    return (ceiling * (1 + this.#random())) / 2;
  }
}
