import { Backoff } from "../backoff.js";
import { Pulse } from "./pulse.js";

const SUBPROTOCOL = "twinstream.v1";
// Coming back unasked would only be closed again: protocol, session ended, forbidden, no such place.
const STAY_AWAY = new Set([4400, 4401, 4403, 4404]);
const FLOODING = 4429;
const FLOODING_WAIT_MS = 30_000;

// One socket at a time, for as long as the page lives. Says its state and hands over every frame.
export class Connection {
  #url;
  #onFrame;
  #onState;
  #socket = null;
  #retry = null;
  #floor = 0;
  #backoff = new Backoff();
  #pulse = new Pulse(() => this.#abandon());
  #own = {
    welcome: (frame) => this.#welcomed(frame),
    ping: ({ ts }) => this.send({ type: "pong", ts }),
    bye: ({ retry_after_ms: wait = 0 }) => (this.#floor = wait),
  };

  constructor(url, { onFrame, onState }) {
    this.#url = url;
    this.#onFrame = onFrame;
    this.#onState = onState;
  }

  open() {
    this.#drop();
    this.#onState({ name: "connecting" });
    const socket = new WebSocket(this.#url, SUBPROTOCOL);
    this.#socket = socket;
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(data);
    socket.onclose = ({ code }) => socket === this.#socket && this.#closed(code);
    this.#pulse.start();
  }

  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  wake() {
    if (this.#retry !== null) return this.open();
    if (this.send({ type: "ping", ts: Date.now() })) this.#pulse.expectSoon();
  }

  // There is nothing to come back to, whatever the line could do.
  end(code) {
    this.#drop();
    this.#onState({ name: "closed", code });
  }

  #receive(data) {
    this.#pulse.heard();
    const frame = JSON.parse(data);
    if (Object.hasOwn(this.#own, frame.type)) this.#own[frame.type](frame);
    this.#onFrame(frame);
  }

  #welcomed(frame) {
    this.#floor = 0;
    this.#backoff.opened(Date.now());
    this.#pulse.greeted(frame);
    this.#onState({ name: "connected" });
  }

  #closed(code) {
    this.#drop();
    if (STAY_AWAY.has(code)) return this.#onState({ name: "closed", code });
    if (code === FLOODING) this.#floor = Math.max(this.#floor, FLOODING_WAIT_MS);
    return this.#comeBack();
  }

  // close() on a dead network reports only after the browser's own patience, a minute or more.
  #abandon() {
    this.#drop();
    this.#comeBack();
  }

  #comeBack() {
    const wait = this.#backoff.next(Date.now(), this.#floor);
    this.#floor = 0;
    this.#retry = setTimeout(() => this.open(), wait);
    this.#onState(navigator.onLine ? { name: "reconnecting", until: Date.now() + wait } : { name: "offline" });
  }

  #drop() {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#pulse.stop();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
