import { eventsFrames, joinedFrame } from "./http_frames.js";
import { HttpRequests } from "./http_requests.js";

/** @import { Frame } from "../state/types.js" */
/** @import { Command, RoomEndpoint, TransportListener } from "./types.js" */

// An event stream pings after 15 s of silence.
const TIMEOUT_S = 40;

/** Entries come by an EventSource, commands go by POST. */
export class EventStreamTransport {
  #endpoint;
  #listener;
  #requests;
  /** @type {EventSource | null} */
  #source = null;
  /** Events that came before the answer to a join: before it they would be ahead of its head. @type {Frame[] | null} */
  #buffered = [];

  /** @param {RoomEndpoint} endpoint @param {TransportListener} listener */
  constructor(endpoint, listener) {
    this.#endpoint = endpoint;
    this.#listener = listener;
    this.#requests = new HttpRequests(endpoint, listener);
  }

  async open() {
    // Polls first: an EventSource also opens where a proxy without a worker answers that it should come back later.
    const cursor = this.#endpoint.cursor();
    const { answer, loss } = await this.#requests.poll(cursor);
    return loss ? this.#listener.onLost(loss) : this.#subscribe(cursor ?? answer.cursor);
  }

  /** @param {Command} command */
  send(command) {
    if (command.type !== "join")
      return this.#requests.send({ ...command, cursor: this.#endpoint.cursor() ?? undefined });
    this.#join(command.cursor);
    return true;
  }

  close() {
    this.#requests.close();
    this.#source?.close();
  }

  /** @param {string} cursor */
  #subscribe(cursor) {
    if (this.#requests.isClosed) return;
    const { room, limits, memberKey } = this.#endpoint;
    const source = new EventSource(`${this.#endpoint.events}?${new URLSearchParams({ cursor, as: memberKey() })}`);
    this.#source = source;
    source.onopen = () => this.#listener.onFrame({ type: "welcome", timeout_s: TIMEOUT_S, limits });
    source.onerror = () => this.#failed(source);
    /** @param {string} type @param {(data: any, cursor: string) => Frame[]} toFrames */
    const on = (type, toFrames) =>
      source.addEventListener(type, ({ data, lastEventId }) => this.#receive(toFrames(JSON.parse(data), lastEventId)));
    for (const kind of ["say", "edit", "delete"]) {
      on(kind, (entry, entryCursor) => eventsFrames(room, { cursor: entryCursor, events: [entry] }));
    }
    on("ping", ({ heads }) => [{ type: "ping", heads }]);
    on("reset", (reset) => [joinedFrame(room, { ...reset, reset: true, events: [] })]);
  }

  /** @param {string | undefined} cursor */
  async #join(cursor) {
    this.#buffered ??= [];
    const { answer, loss } = await this.#requests.poll(cursor);
    if (loss) return this.#listener.onLost(loss);
    const buffered = this.#buffered ?? [];
    this.#buffered = null;
    const { room } = this.#endpoint;
    return this.#receive([joinedFrame(room, answer), ...eventsFrames(room, answer), ...buffered]);
  }

  /** Each frame may reveal a hole, after which the page joins again: from then on frames are buffered. @param {Frame[]} frames */
  #receive(frames) {
    this.#listener.onActivity();
    for (const frame of frames) this.#buffered ? this.#buffered.push(frame) : this.#listener.onFrame(frame);
  }

  /**
   * An EventSource would reconnect by itself, in its own time and to the same address. One that has given up does not
   * say why, so the poll endpoint is asked.
   * @param {EventSource} source
   */
  async #failed(source) {
    const hasGivenUp = source.readyState === EventSource.CLOSED;
    source.close();
    const { loss } = hasGivenUp ? await this.#requests.poll(this.#endpoint.cursor()) : { loss: {} };
    this.#listener.onLost(loss ?? {});
  }
}
