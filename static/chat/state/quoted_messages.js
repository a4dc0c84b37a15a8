import { folded } from "./apply_change.js";

// The entries that messages quote: those of the log, and those before it, each fetched once. It sees no page.
export class Quotes {
  #inLog;
  #asItIs;
  #fetch;
  #arrived;
  #held = new Map();
  #asked = new Set();
  #failed = new Set();

  // `asItIs(entry)`: with what has become of it since it was read.
  constructor({ inLog, asItIs, fetch, arrived }) {
    this.#inLog = inLog;
    this.#asItIs = asItIs;
    this.#fetch = fetch;
    this.#arrived = arrived;
  }

  // undefined: not known yet, `arrived` tells when it is. null: no message, or none any more.
  of(seq) {
    const entry = this.#inLog(seq);
    if (entry) this.#held.set(seq, entry);
    else if (!this.#held.has(seq)) this.#load(seq);
    return this.#held.get(seq);
  }

  // A quoted message may have left the log that this page holds, and still be changed.
  fold(change) {
    const entry = this.#held.get(change.ref);
    if (entry && !entry.deleted) this.#held.set(change.ref, folded(entry, change));
  }

  // The line is back: what could not be fetched may be had now.
  again() {
    const failed = [...this.#failed];
    this.#failed.clear();
    failed.forEach((seq) => this.#load(seq));
  }

  // What is held may have been changed unseen, or means other entries now.
  forget() {
    this.#held.clear();
    this.#asked = new Set();
    this.#failed.clear();
  }

  async #load(seq) {
    if (this.#asked.has(seq)) return;
    this.#asked.add(seq);
    const asked = this.#asked;
    const entry = await this.#fetch(seq).catch(() => undefined);
    if (asked !== this.#asked) return;
    this.#keep(seq, entry);
  }

  #keep(seq, entry) {
    if (entry === undefined) {
      this.#asked.delete(seq);
      this.#failed.add(seq);
      return;
    }
    this.#held.set(seq, entry && this.#asItIs(entry));
    this.#arrived(seq);
  }
}

// The entry with exactly this seq, if it is a message; null if it is none.
export async function fetchMessage(room, seq) {
  const response = await fetch(`/api/rooms/${room}/entries?before=${seq + 1}&limit=1`, { cache: "no-store" });
  if (!response.ok) throw new Error(response.statusText);
  const { events } = await response.json();
  return events.find((entry) => entry.seq === seq && entry.kind === "say") ?? null;
}
