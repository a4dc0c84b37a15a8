import { applyChange } from "./message.js";

/** @import { Entry } from "./types.js" */

// Changes of messages that are not loaded are remembered for the history pages that bring those messages.
const MAX_UNMATCHED_CHANGES = 1_000;
// The epoch and the seq. The mark behind them is for the server.
const CURSOR = /^([^:]*):(\d+)/;

/** @param {string} cursor */
function parseCursor(cursor) {
  const [, epoch, seq] = CURSOR.exec(cursor) ?? ["", "", "0"];
  return { epoch, seq: Number(seq) };
}

/** The loaded part of a room's log: changes applied, duplicates ignored, holes and one gap known. */
export class Log {
  /** @type {Map<number, Entry>} */
  #entries = new Map();
  /** The newest one that the server sent with entries that are here. @type {string | null} */
  #cursor = null;
  #epoch = "";
  #last = 0;
  #first = 1;
  /** @type {{ after: number } | null} */
  #gap = null;
  /** @type {Map<number, Entry>} */
  #unmatchedChanges = new Map();
  hasMore = false;

  get cursor() {
    return this.#cursor;
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

  entry(/** @type {number} */ seq) {
    return this.#entries.get(seq);
  }

  /** All loaded messages, in no order. */
  entries() {
    return this.#entries.values();
  }

  /**
   * Sets where the next events begin. A new epoch, or a reset to a place within the loaded entries (a log restored
   * from a copy), is a new log: its next entries reuse our numbers. A gap lies between the loaded entries and those to
   * come. In both cases the loaded entries are dropped: edits and deletions in between were missed, and history has
   * the entries as they are now.
   * @param {{ cursor: string, reset?: boolean }} frame
   * @returns {{ isNewLog: boolean, gap: { after: number } | null }}
   */
  joined({ cursor, reset = false }) {
    const { epoch, seq } = parseCursor(cursor);
    const isOther = epoch !== this.#epoch || (reset && seq <= this.#last);
    const gap = !isOther && seq > this.#last ? { after: this.#last } : null;
    const wasJoined = this.#cursor !== null;
    if (isOther || gap) this.#restart(cursor, gap);
    return { isNewLog: isOther && wasJoined, gap };
  }

  /** @param {Entry[]} entries @param {string} cursor the cursor after them */
  append(entries, cursor) {
    const fresh = entries.filter(({ seq }) => seq > this.#last);
    const result = {
      hasHole: false,
      added: /** @type {Entry[]} */ ([]),
      changed: /** @type {Entry[]} */ ([]),
      accepted: 0,
      duplicates: entries.length - fresh.length,
    };
    for (const entry of fresh) {
      result.hasHole = entry.seq !== this.#last + 1;
      if (result.hasHole) break;
      this.#last = entry.seq;
      result.accepted += 1;
      if (entry.kind === "say") {
        this.#entries.set(entry.seq, entry);
        result.added.push(entry);
      } else {
        const changed = this.#applyChange(entry);
        if (changed) result.changed.push(changed);
      }
    }
    // After a hole the old cursor stays: the next join brings what follows it.
    if (parseCursor(cursor).seq === this.#last) this.#cursor = cursor;
    return result;
  }

  /**
   * Applies the change that arrived after `entry` was read from the server. The server has applied earlier changes
   * itself: an older edit over a newer body would undo it.
   * @param {Entry} entry
   */
  withLaterChange(entry) {
    const change = this.#unmatchedChanges.get(entry.seq);
    const isCurrent = !change || entry.deleted || (entry.edited_at !== undefined && entry.edited_at >= change.at);
    return isCurrent ? entry : applyChange(entry, change);
  }

  /**
   * Adds a page of history, which ends before `before`. `closedGap` is the gap that it closes, or null.
   * @param {{ before: number, events: Entry[], more: boolean }} page
   */
  prepend({ before, events, more }) {
    const fresh = events.filter(({ seq, kind }) => kind === "say" && !this.#entries.has(seq));
    const added = fresh.map((entry) => this.withLaterChange(entry));
    for (const entry of added) this.#entries.set(entry.seq, entry);
    if (before !== this.#first) return { added, closedGap: null };
    this.#first = Math.min(before, ...events.map(({ seq }) => seq));
    this.hasMore = more;
    const isClosed = this.#gap !== null && (!more || this.#first <= this.#gap.after + 1);
    const closedGap = isClosed ? this.#gap : null;
    if (isClosed) this.#gap = null;
    return { added, closedGap };
  }

  /**
   * Drops all but the newest `limit` entries; history can bring them again. Returns the first seq that stays, or null.
   * @param {number} limit
   */
  trim(limit) {
    if (this.#entries.size <= limit) return null;
    const seqs = [...this.#entries.keys()].sort((a, b) => a - b);
    const dropped = seqs.slice(0, seqs.length - limit);
    for (const seq of dropped) this.#entries.delete(seq);
    this.#first = /** @type {number} */ (dropped.at(-1)) + 1;
    this.#gap = null;
    this.hasMore = true;
    return this.#first;
  }

  /** @param {string} cursor @param {{ after: number } | null} gap */
  #restart(cursor, gap) {
    const { epoch, seq } = parseCursor(cursor);
    this.#cursor = cursor;
    this.#entries.clear();
    this.#unmatchedChanges.clear();
    this.#gap = gap;
    this.#epoch = epoch;
    this.#last = seq;
    this.#first = seq + 1;
    this.hasMore = seq > 0;
  }

  /** @param {Entry} change @returns {Entry | null} */
  #applyChange(change) {
    const ref = /** @type {number} */ (change.ref);
    const target = this.#entries.get(ref);
    if (!target) this.#remember(ref, change);
    if (!target || target.deleted) return null;
    const entry = applyChange(target, change);
    this.#entries.set(ref, entry);
    return entry;
  }

  /** @param {number} ref @param {Entry} change */
  #remember(ref, change) {
    this.#unmatchedChanges.set(ref, change);
    if (this.#unmatchedChanges.size <= MAX_UNMATCHED_CHANGES) return;
    const [oldest] = this.#unmatchedChanges.keys();
    this.#unmatchedChanges.delete(oldest);
  }
}
