/** @import { Frame } from "../state/types.js" */
/** @import { TransportListener } from "./types.js" */

const SUBPROTOCOL = "twinstream.v1";

/** The best transport: frames in both directions on one WebSocket. */
export class SocketTransport {
  #url;
  #listener;
  /** @type {WebSocket | null} */
  #socket = null;

  /** @param {string} url @param {TransportListener} listener */
  constructor(url, listener) {
    this.#url = url;
    this.#listener = listener;
  }

  open() {
    try {
      this.#socket = new WebSocket(this.#url, SUBPROTOCOL);
    } catch {
      return this.#listener.onLost({}); // a browser extension forbids it
    }
    // A socket that the page's policy forbids has no close event, since it was never open.
    this.#socket.onerror = () => this.#listener.onLost({});
    this.#socket.onmessage = ({ data }) => {
      this.#listener.onActivity();
      this.#listener.onFrame(JSON.parse(data));
    };
    this.#socket.onclose = ({ code }) => this.#listener.onLost({ code });
  }

  /** @param {Frame} frame */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  close() {
    this.#socket?.close();
  }
}
