import { ROOM_CHANNEL } from "./room_channel.js";

/** @import { Frame } from "../state/types.js" */
/** @import { RoomState } from "../state/room_state.js" */
/** @import { Store } from "../../shared/store.js" */

/** Reports how far this person has read to the server, and to the list of rooms in other tabs. */
export class ReadReceipts {
  #store;
  #send;
  #channel = new BroadcastChannel(ROOM_CHANNEL);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Store<RoomState>} store @param {(command: Frame) => boolean} send */
  constructor(store, send) {
    this.#store = store;
    this.#send = send;
    store.subscribe({
      unread: () => this.#reportLater(),
      arrived: () => this.#channel.postMessage({}),
    });
  }

  #reportLater() {
    const delay = this.#store.state.readPosition.reportDelay(Date.now());
    if (delay === null) return;
    this.#timer ??= setTimeout(() => this.#report(), delay);
  }

  #report() {
    this.#timer = undefined;
    this.#store.state.readPosition.report(Date.now(), (seq) => this.#send({ type: "read", seq }));
    this.#channel.postMessage({});
  }
}
