/** @import { OutboxItem } from "./types.js" */

/**
 * @typedef {object} LogChange The detail of the topic `log`: what has to be drawn again.
 * @property {"new-log" | "gap" | null} reset the rows so far are dropped, for this reason
 * @property {number} resetAfter the last seq before a reset
 * @property {number[]} rows the seqs of new and changed messages
 * @property {OutboxItem[]} items unsent messages
 * @property {string[]} removedItems the cids of unsent messages that are no longer
 * @property {{ cid: string, seq: number } | null} acknowledged an unsent message that is in the log
 * @property {number[]} quotes the seqs of quoted messages that changed
 * @property {boolean} allQuotes all quoted messages may have changed
 * @property {number} added how many messages came from others or from this person
 * @property {"events" | "history" | null} source
 * @property {boolean} isGapClosed
 * @property {number | null} droppedBefore rows before this seq are dropped
 */

/** @param {Partial<LogChange>} fields @returns {LogChange} */
export function logChange(fields) {
  return {
    reset: null,
    resetAfter: 0,
    rows: [],
    items: [],
    removedItems: [],
    acknowledged: null,
    quotes: [],
    allQuotes: false,
    added: 0,
    source: null,
    isGapClosed: false,
    droppedBefore: null,
    ...fields,
  };
}
