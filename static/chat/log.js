import { folded } from "./folded.js";

const AFTER_EPOCH = /^(.*):(\d+)$/;

function position(cursor) {
  const [, epoch, seq] = AFTER_EPOCH.exec(cursor);
  return { epoch, seq: Number(seq) };
}

// What this page holds of a room's log: entries folded, doubles ignored, holes and gaps known. It sees no DOM.
export class Log {
  #entries = new Map();
  #epoch = null;
  #last = 0;
  #first = 1;
  #gaps = [];
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

  // Where the next events begin. A gap is what lies between the entries already held and those to come.
  // A head below what is held is a log put back from a copy: its next entries will reuse our numbers.
  joined({ cursor, head }) {
    const { epoch, seq } = position(cursor);
    if (epoch !== this.#epoch || head < this.#last) return this.#begin(epoch, seq);
    const gap = seq > this.#last ? { after: this.#last, before: seq + 1 } : null;
    if (gap) this.#gaps.push(gap);
    this.#last = Math.max(seq, this.#last);
    return { voided: false, gap };
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

  // The server has folded these already: an old edit laid over a newer body would undo it.
  page({ before, events, more }) {
    const added = events.filter(({ seq, kind }) => kind === "say" && !this.#entries.has(seq));
    for (const entry of added) this.#entries.set(entry.seq, entry);
    const gap = this.#gaps.find((known) => known.before === before) ?? null;
    const lowest = Math.min(before, ...events.map(({ seq }) => seq));
    if (gap) this.#narrow(gap, lowest, more);
    else if (before === this.#first) Object.assign(this, { more }).#first = lowest;
    return { added, closed: gap && !this.#gaps.includes(gap) ? gap : null };
  }

  // Keeps the newest; what goes can be had again as history.
  trim(limit) {
    if (this.#entries.size <= limit) return null;
    const seqs = [...this.#entries.keys()].sort((a, b) => a - b);
    const gone = seqs.slice(0, seqs.length - limit);
    for (const seq of gone) this.#entries.delete(seq);
    this.#first = gone.at(-1) + 1;
    this.#gaps = this.#gaps.filter(({ after }) => after >= this.#first);
    this.more = true;
    return this.#first;
  }

  #begin(epoch, seq) {
    const voided = this.#epoch !== null;
    this.#entries.clear();
    this.#gaps = [];
    this.#epoch = epoch;
    this.#last = seq;
    this.#first = seq + 1;
    this.more = seq > 0;
    return { voided, gap: null };
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
    if (!target || target.deleted) return null;
    const entry = folded(target, change);
    this.#entries.set(change.ref, entry);
    return entry;
  }

  #narrow(gap, lowest, more) {
    gap.before = lowest;
    if (!more || lowest <= gap.after + 1) this.#gaps.splice(this.#gaps.indexOf(gap), 1);
  }
}
