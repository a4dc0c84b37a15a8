/** @import { Entry } from "./types.js" */

const MAX_COUNT = 99;

/**
 * The messages of others after `seq`.
 * @param {Iterable<Entry>} entries
 * @param {number} after
 * @param {string} myKey
 */
export function unreadEntries(entries, after, myKey) {
  return Array.from(entries).filter(({ seq, author, deleted }) => seq > after && author.key !== myKey && !deleted);
}

/** @param {number} count */
export function formatCount(count) {
  return count > MAX_COUNT ? `${MAX_COUNT}+` : String(count);
}

/** The line "New messages" above the first message that was unread when the page was opened. */
export class UnreadDivider {
  /** The message that the line stands above. @type {number | null} */
  seq = null;
  /** @type {{ after: number, upTo: number } | null} */
  #range = null;

  /** @param {number} after @param {number} upTo */
  open(after, upTo) {
    this.#range = { after, upTo };
  }

  close() {
    this.#range = null;
    this.seq = null;
  }

  /**
   * Moves up when older messages are loaded, and never down when messages are deleted.
   * @param {Iterable<Entry>} entries
   * @param {string} myKey
   */
  update(entries, myKey) {
    if (this.#range === null) return;
    const first = Math.min(...unreadEntries(entries, this.#range.after, myKey).map(({ seq }) => seq));
    if (first > this.#range.upTo) return;
    this.seq = first;
    this.#range.upTo = first;
  }
}
