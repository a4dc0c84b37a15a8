/** @import { OutboxItem } from "./types.js" */

const VERSION = 1;
const CID = /^[A-Za-z0-9_.:-]{1,64}$/;
/** @type {Record<string, (item: any) => boolean>} */
const TYPES = {
  say: ({ body, reply_to: reply }) => isText(body) && (reply === undefined || isSeq(reply)),
  edit: ({ body, ref }) => isText(body) && isSeq(ref),
  delete: ({ ref }) => isSeq(ref),
};

const isText = (/** @type {unknown} */ value) => typeof value === "string";
const isSeq = (/** @type {any} */ value) => Number.isSafeInteger(value) && value > 0;

/**
 * Keys sort by time as text, over all tabs.
 * @param {{ time: number, cid: string }} item
 */
export function itemKey({ time, cid }) {
  return `${String(time).padStart(15, "0")}-${cid}`;
}

/** @param {OutboxItem} item */
export function serializeItem(item) {
  return JSON.stringify({ version: VERSION, ...item });
}

/**
 * Null for damaged text, and for an item that another version of the page stored.
 * @param {string} key
 * @param {string | null} text
 * @returns {OutboxItem | null}
 */
export function parseItem(key, text) {
  const item = parseJson(text);
  if (item?.version !== VERSION || item.key !== key || !CID.test(item.cid)) return null;
  if (!Object.hasOwn(TYPES, item.type) || !TYPES[item.type](item) || Number.isNaN(Date.parse(item.at))) return null;
  delete item.version;
  return item;
}

/** @param {string | null} text */
function parseJson(text) {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return null;
  }
}
