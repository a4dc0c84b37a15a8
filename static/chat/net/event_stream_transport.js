import { joined, news } from "./http_frames.js";
import { Requests } from "./http_requests.js";

// An event stream pings after 15 s of silence.
const TIMEOUT_S = 40;

// Entries come by an EventSource, commands go by POST.
export class StreamTap {
  #place;
  #tell;
  #requests;
  #source = null;
  // Events that came before the answer to a join. In front of it they would be ahead of its head.
  #held = [];

  constructor(place, tell) {
    this.#place = place;
    this.#tell = tell;
    this.#requests = new Requests(place, tell);
  }

  async open() {
    // Asked first: an EventSource opens as well where a proxy that finds no worker tells it to come again.
    const cursor = this.#place.cursor();
    const { answer, loss } = await this.#requests.poll(cursor);
    return loss ? this.#tell.lost(loss) : this.#listen(cursor ?? answer.cursor);
  }

  send(command) {
    if (command.type !== "join") return this.#requests.send({ ...command, cursor: this.#place.cursor() });
    this.#join(command.cursor);
    return true;
  }

  close() {
    this.#requests.close();
    this.#source?.close();
  }

  #listen(cursor) {
    if (this.#requests.closed) return;
    const { room, limits, me } = this.#place;
    const source = new EventSource(`${this.#place.events}?${new URLSearchParams({ cursor, as: me() })}`);
    this.#source = source;
    source.onopen = () => this.#tell.frame({ type: "welcome", timeout_s: TIMEOUT_S, limits });
    source.onerror = () => this.#broken(source);
    const on = (type, frames) =>
      source.addEventListener(type, ({ data, lastEventId }) => this.#pass(frames(JSON.parse(data), lastEventId)));
    for (const kind of ["say", "edit", "delete"]) on(kind, (entry, cursor) => news(room, { cursor, events: [entry] }));
    on("ping", ({ heads }) => [{ type: "ping", heads }]);
    on("reset", (reset) => [joined(room, { ...reset, reset: true, events: [] })]);
  }

  async #join(cursor) {
    this.#held ??= [];
    const { answer, loss } = await this.#requests.poll(cursor);
    if (loss) return this.#tell.lost(loss);
    const held = this.#held;
    this.#held = null;
    return this.#pass([joined(this.#place.room, answer), ...news(this.#place.room, answer), ...held]);
  }

  // Each may be the one that shows a hole, and makes somebody join again.
  #pass(frames) {
    this.#tell.heard();
    for (const frame of frames) this.#held ? this.#held.push(frame) : this.#tell.frame(frame);
  }

  // It would come back by itself, at its own pace and to the same address. One that has given up for
  // good does not say why, so somebody else is asked.
  async #broken(source) {
    const gone = source.readyState === EventSource.CLOSED;
    source.close();
    const { loss } = gone ? await this.#requests.poll(this.#place.cursor()) : {};
    this.#tell.lost(loss ?? {});
  }
}
