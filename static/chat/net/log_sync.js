// The server told of a newer head; the events themselves may still be on their way.
const MISSING_MS = 2_000;
const REFUSED_MS = 1_000;
const PAGE = 50;

// Follows one room's log from a cursor: joins, notices what is missing, asks for what came before.
export class Reader {
  #room;
  #log;
  #send;
  #joining = false;
  #asked = null;
  #missing = null;

  constructor(room, log, send) {
    this.#room = room;
    this.#log = log;
    this.#send = send;
  }

  lost() {
    this.#joining = false;
    this.#asked = null;
    clearTimeout(this.#missing);
    this.#missing = null;
  }

  join() {
    this.#joining = true;
    const cursor = this.#log.cursor;
    this.#send({ type: "join", room: this.#room, ...(cursor && { cursor }) });
  }

  joined(frame) {
    this.#joining = false;
    this.#asked = null;
    return this.#log.joined(frame);
  }

  events({ events }) {
    const changes = this.#log.events(events);
    if (changes.hole && !this.#joining) this.join();
    return changes;
  }

  page(frame) {
    this.#asked = null;
    return this.#log.page(frame);
  }

  ping({ heads }) {
    const head = heads?.[this.#room] ?? 0;
    if (head <= this.#log.last || this.#missing !== null) return;
    this.#missing = setTimeout(() => {
      this.#missing = null;
      if (head > this.#log.last && !this.#joining) this.join();
    }, MISSING_MS);
  }

  refused({ code, retry_after_ms: wait = REFUSED_MS }) {
    this.#asked = null;
    if (!this.#joining || !["rate_limited", "internal"].includes(code)) return;
    this.#missing ??= setTimeout(() => {
      this.#missing = null;
      this.join();
    }, wait);
  }

  // One page at a time. False when there is nothing to ask for or the line is down.
  older() {
    const before = this.#log.first;
    if (this.#asked !== null || this.#log.cursor === null) return false;
    if (!this.#send({ type: "history", room: this.#room, before, limit: PAGE })) return false;
    this.#asked = before;
    return true;
  }
}
