import { applyChange } from "./message.js";

/** @import { Entry, OutboxItem } from "./types.js" */

/** Edits and deletions by this person that the log does not contain yet, applied over the entries they concern. */
export class PendingChanges {
  /** @type {Map<string, OutboxItem>} */
  #items = new Map();

  get(/** @type {string} */ cid) {
    return this.#items.get(cid);
  }

  add(/** @type {OutboxItem} */ item) {
    this.#items.set(item.cid, item);
  }

  /**
   * The change is in the log, at `seq`. It stays here until that entry arrives.
   * @param {string} cid
   * @param {number} seq
   */
  acknowledge(cid, seq) {
    this.#update(cid, { seq });
  }

  /** @param {string} cid @param {string} code */
  refuse(cid, code) {
    this.#update(cid, { refused: code });
  }

  /** @param {string | undefined} cid */
  remove(cid) {
    const item = this.#items.get(cid ?? "");
    this.#items.delete(cid ?? "");
    return item;
  }

  /**
   * Removes the acknowledged changes up to `seq`, which the log contains now. Returns the seqs of the messages they concern.
   * @param {number} seq
   * @returns {number[]}
   */
  settleUpTo(seq) {
    const settled = [...this.#items.values()].filter((item) => item.seq !== undefined && item.seq <= seq);
    for (const { cid } of settled) this.#items.delete(cid);
    return settled.map(({ ref }) => /** @type {number} */ (ref));
  }

  /** @param {Entry} entry @returns {Entry} */
  applyTo(entry) {
    if (this.#items.size === 0 || entry.deleted) return entry;
    const own = [...this.#items.values()].filter(({ ref }) => ref === entry.seq);
    return own.reduce(applyItem, entry);
  }

  /** @param {string} cid @param {Partial<OutboxItem>} fields */
  #update(cid, fields) {
    const item = this.#items.get(cid);
    if (item) this.#items.set(cid, { ...item, ...fields });
  }
}

/** @param {Entry} entry @param {OutboxItem} item @returns {Entry} */
function applyItem(entry, { cid, type, body, refused, seq }) {
  if (refused) return { ...entry, refusedChange: { cid, code: refused } };
  const changed = applyChange(entry, { kind: type, body, at: entry.edited_at ?? entry.at });
  return seq ? changed : { ...changed, saving: true };
}
