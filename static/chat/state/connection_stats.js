// What the line has done so far, in numbers. It sees neither line nor page.
export class Figures {
  tap = null;
  rtt = null;
  heartbeat = null;
  head = 0;
  received = 0;
  doubles = 0;
  mended = 0;
  #missing = null;

  state({ name, tap }) {
    this.tap = name === "connected" ? tap : null;
  }

  ping({ heads }, room, now) {
    this.heartbeat = now;
    this.head = Math.max(this.head, heads?.[room] ?? 0);
  }

  pong({ ts }, now) {
    this.heartbeat = now;
    this.rtt = now - ts;
  }

  // `last` is what was held before, null if nothing was. What lies between it and the head was missed;
  // where that leaves a gap, it is mended when the gap closes.
  joined({ head }, last, { voided, gap }) {
    this.head = head;
    this.#missing = last !== null && head > last && !voided && !gap ? head : null;
  }

  events({ taken, doubles }, last) {
    this.received += taken;
    this.doubles += doubles;
    this.head = Math.max(this.head, last);
    if (this.#missing === null || last < this.#missing) return;
    this.#missing = null;
    this.mended += 1;
  }

  page({ added, closed }) {
    this.received += added.length;
    if (closed) this.mended += 1;
  }
}
