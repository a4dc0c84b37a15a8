import { element, setText } from "../shared/dom.js";
import { t } from "../shared/translations.js";
import { formatRate, formatThousands, nonZeroCounts, splitDuration } from "./format.js";
import { tableRow } from "./table_rows.js";

const SOCKETS = ["json", "plain"];
// The translation key for each kind of stream.
const STREAMS = { text: "text", room: "room", live: "page" };

/** "2 JSON · 1 poll", or "none". */
export function joinCounts(parts) {
  return parts.map(({ name, count }) => t(name, { count })).join(" · ") || t("none");
}

function describeStreams(counts) {
  const parts = nonZeroCounts(counts, Object.keys(STREAMS));
  return joinCounts(parts.map(({ name, count }) => ({ name: STREAMS[name], count })));
}

function describeDelay({ p50, p99 }) {
  return p50 === null ? t("unknown") : t("delay", { p50: formatRate(p50), p99: formatRate(p99) });
}

function describeSlowReaders({ slow, stuck }) {
  if (slow + stuck === 0) return t("none");
  return t("slow", { now: formatThousands(slow), closed: formatThousands(stuck) });
}

function describeRedis(isReachable) {
  if (isReachable === null) return t("redis-unused");
  return t(isReachable ? "redis-up" : "redis-away");
}

export class WorkerRow {
  #cells;
  #name = element("code");
  #process = element("span", "", "muted");
  #isThisWorker = element("span", t("this-worker"), "tag");

  constructor(labels) {
    this.element = tableRow(labels);
    const [name, ...cells] = this.element.cells;
    name.append(this.#name, " ", this.#isThisWorker, this.#process);
    this.#cells = cells;
  }

  show(worker) {
    setText(this.#name, worker.id);
    setText(this.#process, `${worker.host}:${worker.pid}`);
    this.#isThisWorker.hidden = !worker.here;
    for (const [index, text] of this.#texts(worker).entries()) setText(this.#cells[index], text);
    this.element.classList.toggle("alarm-slow", worker.slow > 0);
    this.element.classList.toggle("alarm-redis", worker.redis === false);
    this.element.classList.toggle("alarm-draining", worker.draining);
  }

  #texts(worker) {
    const { unit, values } = splitDuration(worker.up);
    return [
      t(unit, values),
      joinCounts(nonZeroCounts(worker.sockets, SOCKETS)),
      describeStreams(worker.streams),
      formatRate(worker.entries) ?? t("unknown"),
      formatRate(worker.deliveries) ?? t("unknown"),
      describeDelay(worker),
      describeSlowReaders(worker),
      describeRedis(worker.redis),
      t(worker.draining ? "draining" : "serving"),
    ];
  }
}
