import { itemKey } from "./outbox_item.js";

/** @import { OutboxItem } from "./types.js" */

// Sending the same command again cannot succeed after these.
const FINAL_ERRORS = new Set([
  "too_long",
  "forbidden",
  "bad_frame",
  "unknown_type",
  "cid_conflict",
  "not_found",
  "gone",
]);

/**
 * @typedef {{ load(): OutboxItem[], save(item: OutboxItem): void, remove(item: OutboxItem): void }} OutboxStorage
 * @type {OutboxStorage}
 */
const NO_STORAGE = { load: () => [], save: () => {}, remove: () => {} };

/** @param {string} code */
export function isFinalError(code) {
  return FINAL_ERRORS.has(code);
}

/**
 * The command of an item, as it goes to the server.
 * @param {OutboxItem} item
 */
export function toCommand({ type, cid, body, ref, reply_to: reply }) {
  return { type, cid, ref, body, reply_to: reply };
}

/** Commands that are not in the log yet, in order, one in flight. The storage has a copy that outlives the page. */
export class Outbox {
  #newCid;
  #storage = NO_STORAGE;
  #now;
  /** @type {OutboxItem[]} */
  #items = [];
  /** @type {string | null} */
  #inFlight = null;
  #newestTime = 0;

  /** @param {() => string} newCid @param {() => number} now */
  constructor(newCid, storage = NO_STORAGE, now = Date.now) {
    this.#newCid = newCid;
    this.#now = now;
    this.switchStorage(storage);
  }

  get items() {
    return [...this.#items];
  }

  get size() {
    return this.#items.length;
  }

  /** Drops all items and loads those in another storage, which is another person's. */
  switchStorage(/** @type {OutboxStorage} */ storage) {
    this.#storage = storage;
    this.#inFlight = null;
    this.#items = [];
    for (const item of storage.load()) this.merge(item);
  }

  /** @param {Pick<OutboxItem, "type" | "body" | "ref" | "reply_to">} command */
  add(command) {
    return this.#add({ ...command, cid: this.#newCid() });
  }

  /** Puts the next item in flight and returns it. Null while one is in flight, or none is left. */
  next() {
    const item = this.#items.find(({ refused }) => !refused);
    if (this.#inFlight !== null || item === undefined) return null;
    this.#inFlight = item.cid;
    return item;
  }

  /** The connection was lost, or an answer is overdue. The command in flight may not have arrived, so it is sent again. */
  resetInFlight() {
    this.#inFlight = null;
  }

  /** The command is in the log. Returns its item, or null if there is none. @param {string | undefined} cid */
  settle(cid) {
    return this.#remove(this.#find(cid));
  }

  /** @param {string} cid @param {string} code */
  refuse(cid, code) {
    const item = this.#find(cid);
    if (!item) return null;
    if (this.#inFlight === cid) this.#inFlight = null;
    item.refused = code;
    this.#storage.save(item);
    return item;
  }

  /** Puts a refused item at the end again. After a conflict it needs a new cid. @param {string} cid */
  retry(cid) {
    const item = this.#find(cid);
    if (!item?.refused) return null;
    this.#remove(item);
    const { refused, ...command } = item;
    return this.#add({ ...command, cid: refused === "cid_conflict" ? this.#newCid() : cid });
  }

  /** @param {string} cid */
  discard(cid) {
    return this.settle(cid);
  }

  /** Adds or replaces an item that was loaded, or that another tab of this person saved. */
  merge(/** @type {OutboxItem} */ item) {
    this.#newestTime = Math.max(this.#newestTime, Date.parse(item.at));
    this.#items = [...this.#items.filter(({ key }) => key !== item.key), item].sort((a, b) => (a.key < b.key ? -1 : 1));
    if (item.refused && this.#inFlight === item.cid) this.#inFlight = null;
  }

  /** Another tab of this person removed the item with this key. */
  removeByKey(/** @type {string} */ removed) {
    return this.#remove(this.#items.find(({ key }) => key === removed));
  }

  /** @param {string | undefined} cid */
  #find(cid) {
    return this.#items.find((item) => item.cid === cid);
  }

  /**
   * The clock may stand still or be set back; the order of items must not change.
   * @param {Omit<OutboxItem, "key" | "at">} command
   */
  #add(command) {
    this.#newestTime = Math.max(this.#newestTime + 1, this.#now());
    const key = itemKey({ time: this.#newestTime, cid: command.cid });
    const item = { ...command, key, at: new Date(this.#newestTime).toISOString() };
    this.merge(item);
    this.#storage.save(item);
    return item;
  }

  /** @param {OutboxItem | undefined} item */
  #remove(item) {
    if (item === undefined) return null;
    if (this.#inFlight === item.cid) this.#inFlight = null;
    this.#items = this.#items.filter((other) => other !== item);
    this.#storage.remove(item);
    return item;
  }
}
