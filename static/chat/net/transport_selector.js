// Best first.
export const TRANSPORTS = ["socket", "stream", "poll"];
const MAX_FAILURES = 3;
// Some proxies accept a connection and cut it at once: that does not count as open.
const STABLE_MS = 10_000;
const FIRST_TRIAL_MS = 5_000;
const LONGEST_TRIAL_MS = 60_000;

/**
 * Decides which transport is opened next. After the last comes the first again: when none opens, the server itself is
 * away, and any transport may be the first to reach it again. All times are in milliseconds.
 */
export class TransportSelector {
  #random;
  #index = 0;
  #failures = 0;
  #trials = 0;
  /** @type {number | null} */
  #openedAt = null;

  constructor(random = Math.random) {
    this.#random = random;
  }

  get current() {
    return TRANSPORTS[this.#index];
  }

  get better() {
    return TRANSPORTS.slice(0, this.#index);
  }

  /** @param {string} transport @param {number} now */
  opened(transport, now) {
    if (transport !== this.current) this.#failures = 0;
    this.#index = TRANSPORTS.indexOf(transport);
    this.#openedAt = now;
  }

  /** @param {number} now */
  lost(now) {
    const wasStable = this.#openedAt !== null && now - this.#openedAt >= STABLE_MS;
    this.#openedAt = null;
    if (wasStable && this.#index === 0) this.#trials = 0;
    this.#failures = wasStable ? 0 : this.#failures + 1;
    if (this.#failures < MAX_FAILURES) return;
    this.#failures = 0;
    this.#index = (this.#index + 1) % TRANSPORTS.length;
  }

  /**
   * How long to wait before a better transport is tried. Short at first: a server that has just restarted looks like
   * a blocked socket. With jitter: all its readers see the restart at the same time.
   */
  nextTrialDelay() {
    const ceiling = Math.min(LONGEST_TRIAL_MS, FIRST_TRIAL_MS * 2 ** this.#trials);
    this.#trials += 1;
    return (ceiling * (1 + this.#random())) / 2;
  }
}
