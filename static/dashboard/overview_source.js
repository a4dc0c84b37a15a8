import { Backoff } from "../shared/backoff.js";

const FORBIDDEN = 403;
// The server speaks every two seconds; one that hangs closes nothing.
const SILENT_MS = 10_000;

// One EventSource at a time, for as long as the page lives. Says its state and hands over what comes.
export class Feed {
  #url;
  #onState;
  #onOverview;
  #events = null;
  #silence = null;
  #backoff = new Backoff();

  constructor(url, { onState, onOverview }) {
    this.#url = url;
    this.#onState = onState;
    this.#onOverview = onOverview;
  }

  open() {
    const events = new EventSource(this.#url);
    this.#events = events;
    events.addEventListener("overview", (event) => this.#receive(JSON.parse(event.data)));
    events.addEventListener("error", () => this.#failed(events));
    this.#expect();
  }

  #receive(overview) {
    this.#backoff.opened(Date.now());
    this.#expect();
    this.#onState("live");
    this.#onOverview(overview);
  }

  #expect() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#comeBack(), SILENT_MS);
  }

  // EventSource comes back by itself, unless the answer was no stream: then somebody has to ask why.
  async #failed(events) {
    this.#onState("reconnecting");
    if (events.readyState !== EventSource.CLOSED) return;
    const answer = await status(this.#url);
    if (events !== this.#events) return; // given up as silent meanwhile
    if (answer === FORBIDDEN) this.#end();
    else this.#comeBack();
  }

  #comeBack() {
    this.#drop();
    this.#onState("reconnecting");
    setTimeout(() => this.open(), this.#backoff.next(Date.now()));
  }

  #end() {
    this.#drop();
    this.#onState("ended");
  }

  #drop() {
    clearTimeout(this.#silence);
    this.#events.close();
    this.#events = null;
  }
}

async function status(url) {
  try {
    const answer = await fetch(url);
    answer.body?.cancel();
    return answer.status;
  } catch {
    return 0;
  }
}
