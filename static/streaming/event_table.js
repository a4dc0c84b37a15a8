import { element } from "../shared/dom.js";

const MAX_ROWS = 300;
const NEAR_BOTTOM_PX = 40;
const ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Writes characters that a table cell would hide, or break a line at, as escapes. */
export function escapeInvisible(data) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  return data.replace(/[\u0000-\u001f\u007f-\u00a0\u2028\u2029\ufeff]/g, (char) => {
    return ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function tableRow({ id, type, data }) {
  const row = element("tr");
  for (const text of [id, type, escapeInvisible(data)]) {
    const cell = element("td");
    cell.append(element("code", text));
    row.append(cell);
  }
  return row;
}

/** The newest events as they came. Rows are made only while the drawer is open. */
export class EventTable {
  #drawer;
  #body;
  #pane;
  #events = [];

  constructor(drawer, body) {
    this.#drawer = drawer;
    this.#body = body;
    this.#pane = body.closest(".event-log");
    drawer.addEventListener("toggle", () => this.#draw());
  }

  clear() {
    this.#events = [];
    this.#body.replaceChildren();
  }

  add({ lastEventId, type, data }) {
    const event = { id: lastEventId, type, data };
    this.#events.push(event);
    if (this.#events.length > MAX_ROWS) this.#events.shift();
    if (this.#drawer.open) this.#append(event);
  }

  #append(event) {
    const { scrollHeight, scrollTop, clientHeight } = this.#pane;
    this.#body.append(tableRow(event));
    if (this.#body.rows.length > MAX_ROWS) this.#body.rows[0].remove();
    if (scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX) this.#scrollToBottom();
  }

  #draw() {
    this.#body.replaceChildren(...(this.#drawer.open ? this.#events.map(tableRow) : []));
    this.#scrollToBottom();
  }

  #scrollToBottom() {
    this.#pane.scrollTop = this.#pane.scrollHeight;
  }
}
