// Longer than the worst handshake on a mobile network, shorter than a person's patience.
export const GREETING_MS = 15_000;
const WAKE_MS = 4_000;
const TIMEOUT_MS = 60_000;
const LOOK_MS = 5_000;

// Tells when a line that claims to be open has fallen silent.
export class Pulse {
  #silent;
  #heardAt = 0;
  #limit = GREETING_MS;
  #look = null;
  #wake = null;

  constructor(silent) {
    this.#silent = silent;
  }

  start(now = Date.now()) {
    this.stop();
    this.#heardAt = now;
    this.#limit = GREETING_MS;
    this.#look = setInterval(() => this.#check(Date.now()), LOOK_MS);
  }

  stop() {
    clearInterval(this.#look);
    clearTimeout(this.#wake);
    this.#wake = null;
  }

  greeted({ timeout_s: seconds }) {
    this.#limit = seconds * 1000 || TIMEOUT_MS;
  }

  heard(now = Date.now()) {
    this.#heardAt = now;
    this.answered();
  }

  // A request of its own was answered: that says nothing of a stream beside it.
  answered() {
    clearTimeout(this.#wake);
    this.#wake = null;
  }

  expectSoon() {
    this.#wake ??= setTimeout(() => this.#silent(), WAKE_MS);
  }

  #check(now) {
    if (now - this.#heardAt > this.#limit) this.#silent();
  }
}
