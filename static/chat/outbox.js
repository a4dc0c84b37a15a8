// Saying the same again cannot help against these.
const FINAL = new Set(["too_long", "forbidden", "bad_frame", "unknown_type", "cid_conflict", "not_found", "gone"]);

// What was said or changed and is not in the log yet, in order, one in flight. It sees neither socket nor page.
export class Outbox {
  #newCid;
  #waiting = [];
  #refused = new Map();
  #flying = null;

  constructor(newCid) {
    this.#newCid = newCid;
  }

  // `command` is a say, an edit or a delete, without room and cid.
  add(command) {
    const item = { cid: this.#newCid(), ...command };
    this.#waiting.push(item);
    return item;
  }

  next() {
    if (this.#flying !== null || this.#waiting.length === 0) return null;
    this.#flying = this.#waiting[0].cid;
    return this.#waiting[0];
  }

  // The line was cut, or an answer is overdue: what was in flight may or may not have arrived, so it goes again.
  again() {
    this.#flying = null;
  }

  settle(cid) {
    this.#take(cid);
    this.#refused.delete(cid);
  }

  refuse(cid, code) {
    if (!FINAL.has(code)) return false;
    const item = this.#take(cid);
    if (item) this.#refused.set(cid, { ...item, code });
    return true;
  }

  retry(cid) {
    if (!this.#refused.has(cid)) return null;
    const { code, ...command } = this.#refused.get(cid);
    this.#refused.delete(cid);
    const item = { ...command, cid: code === "cid_conflict" ? this.#newCid() : cid };
    this.#waiting.push(item);
    return item;
  }

  discard(cid) {
    this.#refused.delete(cid);
  }

  #take(cid) {
    if (this.#flying === cid) this.#flying = null;
    const index = this.#waiting.findIndex((item) => item.cid === cid);
    return index < 0 ? null : this.#waiting.splice(index, 1)[0];
  }
}
