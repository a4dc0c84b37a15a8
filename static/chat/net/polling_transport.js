import { eventsFrames, headsFrame, joinedFrame } from "./http_frames.js";
import { HttpRequests } from "./http_requests.js";

/** @import { Command, RoomEndpoint, TransportListener } from "./types.js" */

// Proxies give up after 30 s or later.
const WAIT_S = 25;
const TIMEOUT_S = 40;

/** Long polling: an answer comes when there is something new, or at the end of the wait. */
export class PollingTransport {
  #endpoint;
  #listener;
  #requests;
  #request = 0;

  /** @param {RoomEndpoint} endpoint @param {TransportListener} listener */
  constructor(endpoint, listener) {
    this.#endpoint = endpoint;
    this.#listener = listener;
    this.#requests = new HttpRequests(endpoint, listener);
  }

  open() {
    const { cursor, limits } = this.#endpoint;
    this.#poll(cursor(), 0, () => this.#listener.onFrame({ type: "welcome", timeout_s: TIMEOUT_S, limits }));
  }

  /** @param {Command} command */
  send(command) {
    if (command.type !== "join")
      return this.#requests.send({ ...command, cursor: this.#endpoint.cursor() ?? undefined });
    this.#poll(command.cursor, 0, (answer) => this.#receive(answer, true));
    return true;
  }

  close() {
    this.#request += 1;
    this.#requests.close();
  }

  /**
   * Only the newest request counts: the answer to an earlier one would be out of order.
   * @param {string | null | undefined} cursor
   * @param {number} wait in seconds
   * @param {(answer: any) => void} onAnswer
   */
  async #poll(cursor, wait, onAnswer) {
    this.#request += 1;
    const request = this.#request;
    const { answer, loss } = await this.#requests.poll(cursor, wait);
    if (request !== this.#request) return;
    if (loss) return this.#listener.onLost(loss);
    this.#listener.onActivity();
    onAnswer(answer);
  }

  /** @param {any} answer @param {boolean} isJoin */
  #receive(answer, isJoin = false) {
    const { room } = this.#endpoint;
    const request = this.#request;
    if (isJoin || answer.reset) this.#listener.onFrame(joinedFrame(room, answer));
    for (const frame of [...eventsFrames(room, answer), headsFrame(room, answer)]) this.#listener.onFrame(frame);
    // A frame may have revealed a hole: then the page has joined again, which polls by itself.
    if (request === this.#request) this.#poll(this.#endpoint.cursor(), WAIT_S, (next) => this.#receive(next));
  }
}
