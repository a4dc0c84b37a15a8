/** @import { Frame } from "../state/types.js" */
/** @import { RoomState } from "../state/room_state.js" */
/** @import { Store } from "../../shared/store.js" */

// The server reported a newer head; the events themselves may still be on their way.
const MISSING_EVENTS_MS = 2_000;
const JOIN_RETRY_MS = 1_000;
const PAGE_SIZE = 50;

/** Keeps the log of the page up to date: joins the room, joins again where entries are missing, loads history. */
export class LogSync {
  #store;
  #send;
  #isJoining = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #joinTimer;

  /** @param {Store<RoomState>} store @param {(command: Frame) => boolean} send */
  constructor(store, send) {
    this.#store = store;
    this.#send = send;
    store.subscribe({
      connection: ({ name }) => name === "connected" || this.#disconnected(),
      welcomed: () => this.#join(),
      joined: () => {
        this.#isJoining = false;
      },
      hole: () => this.#isJoining || this.#join(),
      loadHistory: (before) => this.#send({ type: "history", before, limit: PAGE_SIZE }),
      head: (head) => this.#expect(head),
      refused: (frame) => this.#refused(frame),
    });
  }

  #join() {
    this.#isJoining = true;
    const { cursor } = this.#store.state.log;
    this.#send({ type: "join", ...(cursor && { cursor }) });
  }

  #disconnected() {
    this.#isJoining = false;
    clearTimeout(this.#joinTimer);
    this.#joinTimer = undefined;
  }

  /** @param {number} head */
  #expect(head) {
    if (head <= this.#store.state.log.last) return;
    this.#later(MISSING_EVENTS_MS, () => head > this.#store.state.log.last && !this.#isJoining);
  }

  /** @param {Frame} error */
  #refused({ code, retry_after_ms: wait = JOIN_RETRY_MS }) {
    if (!this.#isJoining || !["rate_limited", "internal"].includes(code)) return;
    this.#later(wait, () => true);
  }

  /** @param {number} wait @param {() => boolean} isNeeded */
  #later(wait, isNeeded) {
    this.#joinTimer ??= setTimeout(() => {
      this.#joinTimer = undefined;
      if (isNeeded()) this.#join();
    }, wait);
  }
}
