import { hasWord, word } from "../../shared/translations.js";
import { Figures } from "../state/connection_stats.js";

// While somebody looks on.
const PING_MS = 10_000;
const LOOK_MS = 1_000;
const NONE = "–";

const nameOf = (tap) => word(hasWord(`tap-${tap}`) ? `tap-${tap}` : "tap-none");
const shortOf = (cursor) => cursor?.replace(/^(.{4}).*(?=:)/, "$1…") ?? NONE;

// The drawer that shows what the line does, and lets a visitor cut it.
export class Wire {
  #drawer;
  #room;
  #look;
  #timers = [];
  #drawing = null;
  figures = new Figures();

  // `look()` tells what the page holds: cursor, unsent.
  constructor(drawer, room, { look, ping, cut }) {
    this.#drawer = drawer;
    this.#room = room;
    this.#look = look;
    drawer.addEventListener("toggle", () => this.#toggled(ping));
    drawer.querySelector("#cut").addEventListener("click", () => cut());
  }

  frame(frame) {
    const now = Date.now();
    if (frame.type === "ping") this.figures.ping(frame, this.#room, now);
    if (frame.type === "pong") this.figures.pong(frame, now);
    this.redraw();
  }

  state(state) {
    this.figures.state(state);
    this.redraw();
  }

  // Once in a picture, however many frames come in it.
  redraw() {
    if (!this.#drawer.open) return;
    this.#drawing ??= requestAnimationFrame(() => this.#draw());
  }

  #toggled(ping) {
    this.#timers.forEach(clearInterval);
    this.#timers = [];
    if (!this.#drawer.open) return;
    ping();
    this.#timers = [setInterval(() => ping(), PING_MS), setInterval(() => this.redraw(), LOOK_MS)];
    this.redraw();
  }

  #draw() {
    this.#drawing = null;
    for (const [name, text] of Object.entries(this.#texts())) {
      const element = this.#drawer.querySelector(`[data-figure="${name}"]`);
      if (element.textContent !== text) element.textContent = text;
    }
  }

  #texts() {
    const { tap, rtt, heartbeat, head, received, doubles, mended } = this.figures;
    const { cursor, unsent } = this.#look();
    const age = heartbeat === null ? null : Math.max(0, Math.round((Date.now() - heartbeat) / 1000));
    return {
      tap: nameOf(tap),
      rtt: rtt === null ? NONE : word("rtt", { ms: rtt }),
      heartbeat: age === null ? NONE : word("age", { seconds: age }),
      cursor: shortOf(cursor),
      ...Object.fromEntries(Object.entries({ head, received, doubles, mended, unsent }).map(([name, n]) => [name, String(n)])),
    };
  }
}
