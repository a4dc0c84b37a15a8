import { toCommand } from "../state/outbox.js";

/** @import { Frame } from "../state/types.js" */
/** @import { RoomState } from "../state/room_state.js" */
/** @import { Store } from "../../shared/store.js" */

// An answer is overdue then. Sending the same cid again is harmless, a lost message is not.
const ANSWER_TIMEOUT_MS = 15_000;
const DEFAULT_FRAME_LIMIT = 32_768;
// For the room's name, which is added later.
const SPARE_BYTES = 256;

/** Sends what is in the outbox, one command at a time. */
export class OutboxSender {
  #store;
  #send;
  #isReady = false;
  #frameLimit = DEFAULT_FRAME_LIMIT;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Store<RoomState>} store @param {(command: Frame) => boolean} send */
  constructor(store, send) {
    this.#store = store;
    this.#send = send;
    store.subscribe({
      connection: ({ name }) => name === "connected" || this.#disconnected(),
      limits: () => {
        this.#frameLimit = store.state.limits.frame ?? this.#frameLimit;
      },
      joined: () => this.#joined(),
      outbox: () => this.#sendNext(),
      retryLater: (wait) => this.#retryAfter(wait),
    });
  }

  #joined() {
    this.#isReady = true;
    this.#retry();
  }

  #disconnected() {
    this.#isReady = false;
    clearTimeout(this.#timer);
    this.#store.state.outbox.resetInFlight();
  }

  #sendNext() {
    const item = this.#isReady ? this.#store.state.outbox.next() : null;
    if (item === null) return;
    const command = toCommand(item);
    if (!this.#fits(command)) {
      return this.#store.dispatch({ type: "frame", frame: { type: "error", cid: item.cid, code: "too_long" } });
    }
    this.#send(command);
    this.#retryAfter(ANSWER_TIMEOUT_MS);
  }

  #retry() {
    this.#store.state.outbox.resetInFlight();
    this.#sendNext();
  }

  /** @param {number} wait */
  #retryAfter(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#retry(), wait);
  }

  /** A frame over the limit closes the socket, and would close it again after every reconnect. @param {Frame} command */
  #fits(command) {
    return new TextEncoder().encode(JSON.stringify(command)).length + SPARE_BYTES <= this.#frameLimit;
  }
}
