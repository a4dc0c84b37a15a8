const MIN_INTERVAL_MS = 2_000;

/** How far this person has read in the room, and when to report that to the server. */
export class ReadPosition {
  #read = 0;
  #reported = 0;
  #start = 0;
  #nextReport = -Infinity;
  isKnown = false;

  /** Messages after this seq are unread. */
  get seq() {
    return Math.max(this.#start, this.#read);
  }

  /** Another log begins: its numbers mean other entries. On a first visit nothing up to `head` is unread. */
  startAt(/** @type {number} */ head) {
    this.#read = 0;
    this.#reported = 0;
    this.#start = head;
    this.isKnown = true;
  }

  /** What the server has stored. It may be less than was reported over a connection that broke. */
  confirmed(/** @type {number} */ seq) {
    this.#reported = seq;
    this.#start = 0;
    this.advance(seq);
  }

  hasRead(/** @type {number} */ seq) {
    return this.#read >= seq;
  }

  advance(/** @type {number} */ seq) {
    this.#read = Math.max(this.#read, seq);
  }

  /** Milliseconds until the next report may be sent; null if there is nothing to report. */
  reportDelay(/** @type {number} */ now) {
    return this.#read > this.#reported ? Math.max(0, this.#nextReport - now) : null;
  }

  /** @param {number} now @param {(seq: number) => boolean} send returns whether it could be sent */
  report(now, send) {
    if (!send(this.#read)) return;
    this.#reported = this.#read;
    this.#nextReport = now + MIN_INTERVAL_MS;
  }
}
