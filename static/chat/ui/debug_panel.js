import { setText } from "../../shared/dom.js";
import { t, translateVariant } from "../../shared/translations.js";

// While the panel is open.
const PING_MS = 10_000;
const REFRESH_MS = 1_000;
const UNKNOWN = "–";

const shorten = (cursor) => cursor?.replace(/^(.{4})[^:]*(:\d+).*$/, "$1…$2") ?? UNKNOWN;

/** The drawer that shows the counters of the connection, and lets a visitor cut it. */
export class DebugPanel {
  #drawer;
  #state;
  #timers = [];
  /** @type {number | null} */
  #frame = null;

  constructor(drawer, store, { ping, cut }) {
    this.#drawer = drawer;
    this.#state = store.state;
    drawer.addEventListener("toggle", () => this.#toggled(ping));
    drawer.querySelector("#cut").addEventListener("click", cut);
    const draw = () => this.#drawSoon();
    store.subscribe({ connection: draw, log: draw, outbox: draw, stats: draw });
  }

  // Once in an animation frame, however often the state changes.
  #drawSoon() {
    if (this.#drawer.open) this.#frame ??= requestAnimationFrame(() => this.#draw());
  }

  #toggled(ping) {
    this.#timers.forEach(clearInterval);
    this.#timers = [];
    if (!this.#drawer.open) return;
    ping();
    this.#timers = [setInterval(ping, PING_MS), setInterval(() => this.#drawSoon(), REFRESH_MS)];
    this.#drawSoon();
  }

  #draw() {
    this.#frame = null;
    for (const [name, text] of Object.entries(this.#texts())) {
      setText(this.#drawer.querySelector(`[data-stat="${name}"]`), text);
    }
  }

  #texts() {
    const { stats, log, unsentCount } = this.#state;
    const { transport, rtt, lastHeartbeat } = stats;
    const age = lastHeartbeat === null ? null : Math.max(0, Math.round((Date.now() - lastHeartbeat) / 1000));
    return {
      transport: translateVariant("transport", transport ?? "none"),
      rtt: rtt === null ? UNKNOWN : t("rtt", { ms: rtt }),
      heartbeat: age === null ? UNKNOWN : t("age", { seconds: age }),
      cursor: shorten(log.cursor),
      head: String(stats.head),
      received: String(stats.received),
      duplicates: String(stats.duplicates),
      recovered: String(stats.gapsRecovered),
      unsent: String(unsentCount),
    };
  }
}
