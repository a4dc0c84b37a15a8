import { folded } from "./apply_change.js";

// Edits and deletions of this person that the log does not hold yet, laid over the entries they concern. It sees no page.
export class Changes {
  #items = new Map();

  get(cid) {
    return this.#items.get(cid);
  }

  // `item` is one of the outbox.
  add(item) {
    this.#items.set(item.cid, item);
  }

  // In the log for certain; until its entry comes, only this knows what the message is now.
  acknowledge(cid, seq) {
    this.#note(cid, { seq });
  }

  refuse(cid, code) {
    this.#note(cid, { refused: code });
  }

  drop(cid) {
    this.#items.delete(cid);
  }

  // The log has come to `seq`: what stands up to there is in its entries. Answers which entries that concerns.
  reached(seq) {
    const there = [...this.#items.values()].filter((item) => item.seq <= seq);
    for (const { cid } of there) this.#items.delete(cid);
    return there.map(({ ref }) => ref);
  }

  over(entry) {
    if (this.#items.size === 0 || entry.deleted) return entry;
    const own = [...this.#items.values()].filter(({ ref }) => ref === entry.seq);
    return own.reduce(laid, entry);
  }

  #note(cid, fields) {
    const item = this.#items.get(cid);
    if (item) this.#items.set(cid, { ...item, ...fields });
  }
}

function laid(entry, { cid, type, body, refused, seq }) {
  if (refused) return { ...entry, change: { cid, code: refused } };
  const now = folded(entry, { kind: type, body, at: entry.edited_at ?? entry.at });
  return seq ? now : { ...now, saving: true };
}
