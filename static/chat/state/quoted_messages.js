import { applyChange } from "./message.js";

/** @import { Entry } from "./types.js" */

/** The messages that other messages quote: from the log, or fetched once each where the log does not have them. */
export class QuotedMessages {
  #inLog;
  #withLaterChange;
  #fetch;
  #onLoaded;
  /** @type {Map<number, Entry | null>} */
  #loaded = new Map();
  /** @type {Set<number>} */
  #requested = new Set();
  /** @type {Set<number>} */
  #failed = new Set();

  /**
   * @param {object} dependencies
   * @param {(seq: number) => Entry | undefined} dependencies.inLog
   * @param {(entry: Entry) => Entry} dependencies.withLaterChange applies what changed since the entry was read
   * @param {(seq: number) => Promise<Entry | null>} dependencies.fetch resolves to null if there is no such message
   * @param {(seq: number) => void} dependencies.onLoaded
   */
  constructor({ inLog, withLaterChange, fetch, onLoaded }) {
    this.#inLog = inLog;
    this.#withLaterChange = withLaterChange;
    this.#fetch = fetch;
    this.#onLoaded = onLoaded;
  }

  /**
   * Null if there is no such message. Undefined while it is not known: it is fetched then, and `onLoaded` is called.
   * @param {number} seq
   */
  get(seq) {
    const entry = this.#inLog(seq);
    if (entry) this.#loaded.set(seq, entry);
    else if (!this.#loaded.has(seq)) this.#load(seq);
    return this.#loaded.get(seq);
  }

  /** A quoted message may have left the loaded part of the log and still be changed. @param {Entry} change */
  applyChange(change) {
    const ref = /** @type {number} */ (change.ref);
    const entry = this.#loaded.get(ref);
    if (entry && !entry.deleted) this.#loaded.set(ref, applyChange(entry, change));
  }

  /** Fetches again what could not be fetched. */
  retryFailed() {
    const failed = [...this.#failed];
    this.#failed.clear();
    for (const seq of failed) this.#load(seq);
  }

  /** Changes may have been missed, or the numbers mean other entries now. */
  clear() {
    this.#loaded.clear();
    this.#requested = new Set();
    this.#failed.clear();
  }

  /** @param {number} seq */
  async #load(seq) {
    if (this.#requested.has(seq)) return;
    this.#requested.add(seq);
    const requested = this.#requested;
    const entry = await this.#fetch(seq).catch(() => undefined);
    // `clear` was called while this was being fetched.
    if (requested !== this.#requested) return;
    this.#store(seq, entry);
  }

  /** @param {number} seq @param {Entry | null | undefined} entry */
  #store(seq, entry) {
    if (entry === undefined) {
      this.#requested.delete(seq);
      this.#failed.add(seq);
      return;
    }
    this.#loaded.set(seq, entry && this.#withLaterChange(entry));
    this.#onLoaded(seq);
  }
}
