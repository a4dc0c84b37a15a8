import { keyOf } from "./outbox_item.js";

// Saying the same again cannot help against these.
const FINAL = new Set(["too_long", "forbidden", "bad_frame", "unknown_type", "cid_conflict", "not_found", "gone"]);
const NOWHERE = { load: () => [], save: () => {}, remove: () => {} };

export function isFinal(code) {
  return FINAL.has(code);
}

// The command in an item, as it goes to the server.
export function commandOf({ type, cid, body, ref, reply_to: reply }) {
  return { type, cid, ref, body, reply_to: reply };
}

// What was said and is not in the log yet, in order, one in flight. It sees neither line nor page; the
// store keeps a copy of it beyond the page.
export class Outbox {
  #newCid;
  #store;
  #now;
  #items = [];
  #flying = null;
  #time = 0;

  constructor(newCid, store = NOWHERE, now = Date.now) {
    this.#newCid = newCid;
    this.#now = now;
    this.moveTo(store);
  }

  get items() {
    return [...this.#items];
  }

  get unsent() {
    return this.#items.length;
  }

  // Another person's.
  moveTo(store) {
    this.#store = store;
    this.#flying = null;
    this.#items = [];
    for (const item of store.load()) this.put(item);
  }

  add(command) {
    return this.#add({ ...command, cid: this.#newCid() });
  }

  next() {
    const item = this.#items.find(({ refused }) => !refused);
    if (this.#flying !== null || item === undefined) return null;
    this.#flying = item.cid;
    return item;
  }

  // The line was cut, or an answer is overdue: what was in flight may or may not have arrived, so it goes again.
  again() {
    this.#flying = null;
  }

  settle(cid) {
    return this.#drop(this.#find(cid));
  }

  refuse(cid, code) {
    const item = this.#find(cid);
    if (!item) return null;
    if (this.#flying === cid) this.#flying = null;
    item.refused = code;
    this.#store.save(item);
    return item;
  }

  // What conflicted needs a cid of its own.
  retry(cid) {
    const item = this.#find(cid);
    if (!item?.refused) return null;
    this.#drop(item);
    const { refused, ...command } = item;
    return this.#add({ ...command, cid: refused === "cid_conflict" ? this.#newCid() : cid });
  }

  discard(cid) {
    return this.settle(cid);
  }

  // ---- What another tab of the same person did ----

  put(item) {
    this.#time = Math.max(this.#time, Date.parse(item.at));
    this.#items = [...this.#items.filter(({ key }) => key !== item.key), item].sort((a, b) => (a.key < b.key ? -1 : 1));
    if (item.refused && this.#flying === item.cid) this.#flying = null;
  }

  removed(gone) {
    return this.#drop(this.#items.find(({ key }) => key === gone));
  }

  #find(cid) {
    return this.#items.find((item) => item.cid === cid);
  }

  // The clock may stand still or have been set back; the order may not.
  #add(command) {
    this.#time = Math.max(this.#time + 1, this.#now());
    const key = keyOf({ time: this.#time, cid: command.cid });
    const item = { ...command, key, at: new Date(this.#time).toISOString() };
    this.put(item);
    this.#store.save(item);
    return item;
  }

  #drop(item) {
    if (item === undefined) return null;
    if (this.#flying === item.cid) this.#flying = null;
    this.#items = this.#items.filter((other) => other !== item);
    this.#store.remove(item);
    return item;
  }
}
