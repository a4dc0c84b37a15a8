import { Backoff } from "../shared/backoff.js";

// A quarter of a minute, for a server that restarts.
const TRIES = 9;

export function sourceUrl(base, slug, interval) {
  const query = new URLSearchParams({ text: slug });
  if (interval) query.set("interval", interval);
  return `${base}?${query}`;
}

// One EventSource at a time; what an abandoned one still delivers is not heard.
export class Source {
  #hear;
  #events = null;
  #url = "";
  #eventName = "message";
  #cursor = "";
  #tries = 0;
  #retry = null;
  #backoff = new Backoff();

  constructor(hear) {
    this.#hear = hear;
  }

  // From the beginning, or after a cursor of this text.
  open(url, eventName, cursor = "") {
    this.#url = url;
    this.#eventName = eventName;
    this.#cursor = cursor;
    this.#tries = 0;
    this.#connect();
  }

  get cursor() {
    return this.#cursor;
  }

  // What follows has nothing to do with what came.
  forget() {
    this.#cursor = "";
  }

  close() {
    clearTimeout(this.#retry);
    this.#events?.close();
    this.#events = null;
  }

  // EventSource comes back by itself, but gives up for good on any status but 200, and a proxy
  // answers 502 while the server behind it restarts. False when there is no use in trying on.
  resume() {
    this.#tries += 1;
    if (this.#cursor === "" || this.#tries > TRIES) return false;
    this.#retry = setTimeout(() => this.#connect(), this.#backoff.next(Date.now()));
    return true;
  }

  #connect() {
    this.close();
    const events = new EventSource(this.#cursor ? `${this.#url}&${new URLSearchParams({ cursor: this.#cursor })}` : this.#url);
    this.#events = events;
    const on = (type, act) => events.addEventListener(type, (event) => this.#events === events && act(event));
    for (const type of ["meta", "done", this.#eventName]) on(type, (event) => this.#receive(event));
    on("error", () => this.#broken(events.readyState === EventSource.CLOSED));
  }

  #receive(event) {
    this.#cursor = event.lastEventId;
    this.#tries = 0;
    this.#hear.event(event);
    if (event.type === this.#eventName) return this.#hear.grapheme(event.data);
    if (event.type === "done") this.close();
    return this.#hear[event.type](JSON.parse(event.data));
  }

  #broken(gone) {
    if (gone) this.close();
    this.#hear.broken(gone);
  }
}
