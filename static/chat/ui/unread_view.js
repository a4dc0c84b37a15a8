import { word } from "../../shared/translations.js";
import { CHANNEL } from "../net/room_channel.js";
import { ReadMarker, tally, unread } from "../state/read_position.js";

// What this person has seen and what not: in the page's title, on the button that leads down, above the first unread row.
export class Reading {
  #log;
  #view;
  #scroller;
  #send;
  #me;
  #marker = new ReadMarker();
  #channel = new BroadcastChannel(CHANNEL);
  #title = document.title;
  #count;
  #begun = false;
  // What had not been read when the page was opened; null once there is no line to draw.
  #missed = null;
  #timer = null;

  constructor({ log, view, scroller, pane, count, send, me }) {
    this.#log = log;
    this.#view = view;
    this.#scroller = scroller;
    this.#count = count;
    this.#send = send;
    this.#me = me;
    document.addEventListener("visibilitychange", () => this.look());
    pane.addEventListener("scroll", () => this.look(), { passive: true });
  }

  joined({ read, head }, voided) {
    if (!this.#begun && read) this.#missed = { after: read, to: head };
    if (voided) this.spoke();
    if (!this.#begun || voided) this.#marker.begin(head);
    if (read) this.#marker.told(read);
    this.#begun = true;
    this.look();
  }

  // Another tab of this person has read.
  heard({ seq }) {
    this.#marker.told(seq);
    this.look();
  }

  // More of the log is held now.
  loaded() {
    if (this.#missed !== null) this.#draw(this.#missed);
    this.look();
  }

  arrived() {
    this.loaded();
    this.#channel.postMessage({});
  }

  // Whoever answers has read.
  spoke() {
    this.#missed = null;
    this.#view.parted(null);
  }

  iAm(key) {
    this.#me = key;
  }

  look() {
    if (!this.#begun) return;
    if (document.visibilityState === "visible" && this.#scroller.atBottom) this.#marker.see(this.#log.last);
    this.#write();
    this.#tellLater();
  }

  #unread(after) {
    return unread(this.#log.entries(), after, this.#me);
  }

  #draw({ after, to }) {
    const first = Math.min(...this.#unread(after).map(({ seq }) => seq));
    if (first > to) return;
    this.#view.parted(first);
    // It goes up when older ones are loaded, and never down when they are deleted.
    this.#missed.to = first;
  }

  #write() {
    const count = this.#unread(this.#marker.read).length;
    const title = count > 0 ? `(${tally(count)}) ${this.#title}` : this.#title;
    if (document.title !== title) document.title = title;
    this.#count.textContent = count > 0 ? word("newer-count", { count: tally(count) }) : "";
  }

  #tellLater() {
    const wait = this.#marker.wait(Date.now());
    if (wait === null || this.#timer !== null) return;
    this.#timer = setTimeout(() => this.#tell(), wait);
  }

  #tell() {
    this.#timer = null;
    this.#marker.tell(Date.now(), (seq) => this.#send({ type: "read", seq }));
    this.#channel.postMessage({});
  }
}
