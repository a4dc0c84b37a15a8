/** Counters and times of the connection, for the debug panel. */
export class ConnectionStats {
  /** @type {string | null} */
  transport = null;
  /** Round-trip time in milliseconds. @type {number | null} */
  rtt = null;
  /** @type {number | null} */
  lastHeartbeat = null;
  head = 0;
  received = 0;
  duplicates = 0;
  gapsRecovered = 0;
  /** The head of a resumed log, until the entries up to it have come. @type {number | null} */
  #missedUpTo = null;

  /** @param {{ name: string, transport?: string }} connection */
  connectionChanged({ name, transport }) {
    this.transport = name === "connected" ? (transport ?? null) : null;
  }

  /** @param {number} head @param {number} now */
  ping(head, now) {
    this.lastHeartbeat = now;
    this.head = Math.max(this.head, head);
  }

  /** @param {{ ts: number }} frame @param {number} now */
  pong({ ts }, now) {
    this.lastHeartbeat = now;
    this.rtt = now - ts;
  }

  /**
   * Entries between `last` (null before the first join) and the head were missed. Where they leave a gap in the
   * log, the gap is recovered when it closes.
   * @param {{ head: number }} frame
   * @param {number | null} last
   * @param {{ isNewLog: boolean, gap: object | null }} result
   */
  joined({ head }, last, { isNewLog, gap }) {
    this.head = head;
    this.#missedUpTo = last !== null && head > last && !isNewLog && !gap ? head : null;
  }

  /** @param {{ accepted: number, duplicates: number }} result @param {number} last */
  appended({ accepted, duplicates }, last) {
    this.received += accepted;
    this.duplicates += duplicates;
    this.head = Math.max(this.head, last);
    if (this.#missedUpTo === null || last < this.#missedUpTo) return;
    this.#missedUpTo = null;
    this.gapsRecovered += 1;
  }

  /** @param {{ added: unknown[], closedGap: object | null }} result */
  prepended({ added, closedGap }) {
    this.received += added.length;
    if (closedGap) this.gapsRecovered += 1;
  }
}
