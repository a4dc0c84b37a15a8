import { word } from "../shared/translations.js";
import { duration, present, rate, thousands } from "./format.js";
import { element, setText, tableRow } from "./table_rows.js";

const SOCKETS = ["json", "plain"];
const STREAMS = { text: "text", room: "room", live: "page" };

export function counted(parts) {
  return parts.map(({ name, count }) => word(name, { count })).join(" · ") || word("none");
}

function streams(counts) {
  return counted(present(counts, Object.keys(STREAMS)).map(({ name, count }) => ({ name: STREAMS[name], count })));
}

function delay({ p50, p99 }) {
  return p50 === null ? word("unknown") : word("delay", { p50: rate(p50), p99: rate(p99) });
}

function slow({ slow, stuck }) {
  return slow + stuck === 0 ? word("none") : word("slow", { now: thousands(slow), closed: thousands(stuck) });
}

function redis(up) {
  if (up === null) return word("redis-unused");
  return word(up ? "redis-up" : "redis-away");
}

export class WorkerRow {
  #cells;
  #name = element("code");
  #process = element("span", "", "quiet");
  #here = element("span", word("here"), "tag");

  constructor(labels) {
    this.element = tableRow(labels);
    const [name, ...cells] = this.element.cells;
    name.append(this.#name, " ", this.#here, this.#process);
    this.#cells = cells;
  }

  show(worker) {
    setText(this.#name, worker.id);
    setText(this.#process, `${worker.host}:${worker.pid}`);
    this.#here.hidden = !worker.here;
    this.#texts(worker).forEach((text, at) => setText(this.#cells[at], text));
    this.element.classList.toggle("alarm-slow", worker.slow > 0);
    this.element.classList.toggle("alarm-redis", worker.redis === false);
    this.element.classList.toggle("alarm-draining", worker.draining);
  }

  #texts(worker) {
    const { unit, values } = duration(worker.up);
    return [
      word(unit, values),
      counted(present(worker.sockets, SOCKETS)),
      streams(worker.streams),
      rate(worker.entries) ?? word("unknown"),
      rate(worker.deliveries) ?? word("unknown"),
      delay(worker),
      slow(worker),
      redis(worker.redis),
      word(worker.draining ? "draining" : "serving"),
    ];
  }
}
