import { Backoff } from "../shared/backoff.js";

const FORBIDDEN = 403;
// The server sends every two seconds. A server that hangs does not close the connection.
const SILENCE_MS = 10_000;

/** One EventSource at a time, for as long as the page lives. Reports its state and every overview. */
export class OverviewSource {
  #url;
  #onState;
  #onOverview;
  /** @type {any} */
  #source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silenceTimer;
  #backoff = new Backoff();

  constructor(url, { onState, onOverview }) {
    this.#url = url;
    this.#onState = onState;
    this.#onOverview = onOverview;
  }

  open() {
    const source = new EventSource(this.#url);
    this.#source = source;
    source.addEventListener("overview", (event) => this.#receive(JSON.parse(event.data)));
    source.addEventListener("error", () => this.#failed(source));
    this.#startSilenceTimer();
  }

  #receive(overview) {
    this.#backoff.opened(Date.now());
    this.#startSilenceTimer();
    this.#onState("live");
    this.#onOverview(overview);
  }

  #startSilenceTimer() {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#reconnect(), SILENCE_MS);
  }

  // An EventSource reconnects by itself, unless the answer was not a stream: then another request asks for the status.
  async #failed(source) {
    this.#onState("reconnecting");
    if (source.readyState !== EventSource.CLOSED) return;
    const status = await fetchStatus(this.#url);
    if (source !== this.#source) return; // the silence timer was faster
    if (status === FORBIDDEN) this.#end();
    else this.#reconnect();
  }

  #reconnect() {
    this.#close();
    this.#onState("reconnecting");
    setTimeout(() => this.open(), this.#backoff.next(Date.now()));
  }

  #end() {
    this.#close();
    this.#onState("ended");
  }

  #close() {
    clearTimeout(this.#silenceTimer);
    this.#source.close();
    this.#source = null;
  }
}

async function fetchStatus(url) {
  try {
    const response = await fetch(url);
    response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}
