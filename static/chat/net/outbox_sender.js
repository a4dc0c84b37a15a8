import { commandOf, isFinal } from "../state/outbox.js";

const AGAIN_MS = 1_000;
// An answer is overdue: the same cid again costs nothing, a message forgotten would.
const OVERDUE_MS = 15_000;
// For the room's name, which is added on the way out.
const SPARE_BYTES = 256;

// Carries the outbox over the connection, one command at a time.
export class Delivery {
  #outbox;
  #send;
  #refused;
  #ready = false;
  #frameLimit = 32_768;
  #timer = null;

  constructor(outbox, { send, refused }) {
    this.#outbox = outbox;
    this.#send = send;
    this.#refused = refused;
  }

  welcome({ limits }) {
    this.#frameLimit = limits?.frame ?? this.#frameLimit;
  }

  ready() {
    this.#ready = true;
    this.#again();
  }

  lost() {
    this.#ready = false;
    clearTimeout(this.#timer);
    this.#outbox.again();
  }

  pump() {
    const item = this.#ready ? this.#outbox.next() : null;
    if (item === null) return;
    const command = commandOf(item);
    if (!this.#fits(command)) return this.error({ cid: item.cid, code: "too_long" });
    this.#send(command);
    this.#later(OVERDUE_MS);
  }

  settle(cid) {
    if (this.#outbox.settle(cid)) this.pump();
  }

  error({ cid, code, message, retry_after_ms: wait = AGAIN_MS }) {
    if (!isFinal(code)) return this.#later(wait);
    const item = this.#outbox.refuse(cid, code);
    if (item) this.#refused(item, message);
    return this.pump();
  }

  #again() {
    this.#outbox.again();
    this.pump();
  }

  #later(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#again(), wait);
  }

  // A frame over the limit closes the socket, and would close it again after every reconnect.
  #fits(command) {
    return new TextEncoder().encode(JSON.stringify(command)).length + SPARE_BYTES <= this.#frameLimit;
  }
}
