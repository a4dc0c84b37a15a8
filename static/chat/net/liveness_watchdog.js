// Longer than the worst handshake on a mobile network, shorter than a person's patience.
export const HANDSHAKE_TIMEOUT_MS = 15_000;
const WAKE_TIMEOUT_MS = 4_000;
const DEFAULT_TIMEOUT_MS = 60_000;
const CHECK_MS = 5_000;

/** Reports when a connection that claims to be open has been silent for too long. */
export class LivenessWatchdog {
  #onSilent;
  #lastActivity = 0;
  #timeout = HANDSHAKE_TIMEOUT_MS;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #checks;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #wakeTimer;

  /** @param {() => void} onSilent */
  constructor(onSilent) {
    this.#onSilent = onSilent;
  }

  start(now = Date.now()) {
    this.stop();
    this.#lastActivity = now;
    this.#timeout = HANDSHAKE_TIMEOUT_MS;
    this.#checks = setInterval(() => this.#check(Date.now()), CHECK_MS);
  }

  stop() {
    clearInterval(this.#checks);
    this.pongReceived();
  }

  /** @param {{ timeout_s?: number, [field: string]: unknown }} frame */
  welcomed({ timeout_s: seconds = 0 }) {
    this.#timeout = seconds * 1000 || DEFAULT_TIMEOUT_MS;
  }

  activity(now = Date.now()) {
    this.#lastActivity = now;
    this.pongReceived();
  }

  /** Over HTTP a ping is a request of its own: its answer says nothing about the event stream beside it. */
  pongReceived() {
    clearTimeout(this.#wakeTimer);
    this.#wakeTimer = undefined;
  }

  /** After a ping: the answer must come soon. */
  expectPong() {
    this.#wakeTimer ??= setTimeout(() => this.#onSilent(), WAKE_TIMEOUT_MS);
  }

  #check(/** @type {number} */ now) {
    if (now - this.#lastActivity > this.#timeout) this.#onSilent();
  }
}
