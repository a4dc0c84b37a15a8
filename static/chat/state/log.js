import { folded } from "./apply_change.js";

// Changes of messages that are not held, remembered for the pages that bring them.
const LOOSE_MOST = 1_000;
const AFTER_EPOCH = /^(.*):(\d+)$/;

function position(cursor) {
  const [, epoch, seq] = AFTER_EPOCH.exec(cursor);
  return { epoch, seq: Number(seq) };
}

// What this page holds of a room's log: entries folded, doubles ignored, holes and a gap known. It sees no DOM.
export class Log {
  #entries = new Map();
  #epoch = null;
  #last = 0;
  #first = 1;
  #gap = null;
  #loose = new Map();
  more = false;

  get cursor() {
    return this.#epoch === null ? null : `${this.#epoch}:${this.#last}`;
  }

  get last() {
    return this.#last;
  }

  get first() {
    return this.#first;
  }

  get size() {
    return this.#entries.size;
  }

  entry(seq) {
    return this.#entries.get(seq);
  }

  // Every message that is held, in no order.
  entries() {
    return this.#entries.values();
  }

  // Where the next events begin. A head below what is held is a log put back from a copy: its next entries
  // will reuse our numbers. A gap is what lies between the entries already held and those to come. What was
  // held goes: nobody told what was edited or deleted meanwhile, and history has it as it is now.
  joined({ cursor, head }) {
    const { epoch, seq } = position(cursor);
    const voided = epoch !== this.#epoch || head < this.#last;
    const gap = !voided && seq > this.#last ? { after: this.#last } : null;
    const begun = this.#epoch !== null;
    if (voided || gap) this.#begin(epoch, seq, gap);
    return { voided: voided && begun, gap };
  }

  events(entries) {
    const fresh = entries.filter(({ seq }) => seq > this.#last);
    const changes = { hole: false, added: [], changed: [], taken: 0, doubles: entries.length - fresh.length };
    for (const entry of fresh) {
      changes.hole = entry.seq !== this.#last + 1;
      if (changes.hole) break;
      this.#last = entry.seq;
      changes.taken += 1;
      this.#take(entry, changes);
    }
    return changes;
  }

  // An entry that was read from the server, perhaps before a change that has come since. The server has folded
  // it: an older edit laid over a newer body would undo that.
  asItIs(entry) {
    const change = this.#loose.get(entry.seq);
    return !change || entry.deleted || entry.edited_at >= change.at ? entry : folded(entry, change);
  }

  // What came before the first. Tells which gap is closed now.
  page({ before, events, more }) {
    const fresh = events.filter(({ seq, kind }) => kind === "say" && !this.#entries.has(seq));
    const added = fresh.map((entry) => this.asItIs(entry));
    for (const entry of added) this.#entries.set(entry.seq, entry);
    if (before !== this.#first) return { added, closed: null };
    this.#first = Math.min(before, ...events.map(({ seq }) => seq));
    this.more = more;
    const closed = !more || this.#first <= this.#gap?.after + 1 ? this.#gap : null;
    if (closed) this.#gap = null;
    return { added, closed };
  }

  // Keeps the newest; what goes can be had again as history.
  trim(limit) {
    if (this.#entries.size <= limit) return null;
    const seqs = [...this.#entries.keys()].sort((a, b) => a - b);
    const gone = seqs.slice(0, seqs.length - limit);
    for (const seq of gone) this.#entries.delete(seq);
    this.#first = gone.at(-1) + 1;
    this.#gap = null;
    this.more = true;
    return this.#first;
  }

  #begin(epoch, seq, gap) {
    this.#entries.clear();
    this.#loose.clear();
    this.#gap = gap;
    this.#epoch = epoch;
    this.#last = seq;
    this.#first = seq + 1;
    this.more = seq > 0;
  }

  #take(entry, changes) {
    if (entry.kind === "say") {
      this.#entries.set(entry.seq, entry);
      changes.added.push(entry);
      return;
    }
    const folded = this.#fold(entry);
    if (folded) changes.changed.push(folded);
  }

  #fold(change) {
    const target = this.#entries.get(change.ref);
    if (!target) this.#remember(change);
    if (!target || target.deleted) return null;
    const entry = folded(target, change);
    this.#entries.set(change.ref, entry);
    return entry;
  }

  #remember(change) {
    this.#loose.set(change.ref, change);
    if (this.#loose.size > LOOSE_MOST) this.#loose.delete(this.#loose.keys().next().value);
  }
}
