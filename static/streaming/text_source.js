import { Backoff } from "../shared/backoff.js";

// Enough for a quarter of a minute, in which a server restarts.
const MAX_ATTEMPTS = 9;

export function sourceUrl(base, slug, interval) {
  const query = new URLSearchParams({ text: slug });
  if (interval) query.set("interval", interval);
  return `${base}?${query}`;
}

/** One EventSource at a time; events of an earlier one are ignored. */
export class TextSource {
  #listener;
  /** @type {EventSource | null} */
  #source = null;
  #url = "";
  #eventName = "message";
  #cursor = "";
  #attempts = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  #backoff = new Backoff();

  /** `onEvent` gets every event; `onMeta`, `onGrapheme` and `onDone` its data; `onError(isClosed)` follows a loss. */
  constructor(listener) {
    this.#listener = listener;
  }

  /** Streams from the beginning, or after a cursor of this text. */
  open(url, eventName, cursor = "") {
    this.#url = url;
    this.#eventName = eventName;
    this.#cursor = cursor;
    this.#attempts = 0;
    this.#connect();
  }

  get cursor() {
    return this.#cursor;
  }

  /** Another text follows. */
  clearCursor() {
    this.#cursor = "";
  }

  close() {
    clearTimeout(this.#retryTimer);
    this.#source?.close();
    this.#source = null;
  }

  /**
   * An EventSource reconnects by itself, but gives up at any status but 200, and a proxy answers 502 while the server
   * behind it restarts. Returns false when there have been too many attempts.
   */
  resume() {
    this.#attempts += 1;
    if (this.#cursor === "" || this.#attempts > MAX_ATTEMPTS) return false;
    this.#retryTimer = setTimeout(() => this.#connect(), this.#backoff.next(Date.now()));
    return true;
  }

  #connect() {
    this.close();
    const query = this.#cursor ? `&${new URLSearchParams({ cursor: this.#cursor })}` : "";
    const source = new EventSource(this.#url + query);
    this.#source = source;
    const on = (type, act) => source.addEventListener(type, (event) => this.#source === source && act(event));
    for (const type of ["meta", "done", this.#eventName]) on(type, (event) => this.#receive(event));
    on("error", () => this.#failed(source.readyState === EventSource.CLOSED));
  }

  #receive(event) {
    this.#cursor = event.lastEventId;
    this.#attempts = 0;
    this.#listener.onEvent(event);
    if (event.type === this.#eventName) return this.#listener.onGrapheme(event.data);
    if (event.type === "meta") return this.#listener.onMeta(JSON.parse(event.data));
    this.close();
    return this.#listener.onDone();
  }

  #failed(isClosed) {
    if (isClosed) this.close();
    this.#listener.onError(isClosed);
  }
}
