const KEPT_ROWS = 300;

// What a table cell would swallow or break on is written as its escape.
export function visible(data) {
  return data.replace(/[\u0000-\u001f\u007f-\u00a0\u2028\u2029\ufeff]/g, (char) =>
    ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function cell(text) {
  const td = document.createElement("td");
  const code = document.createElement("code");
  code.textContent = text;
  td.append(code);
  return td;
}

function row({ id, event, data }) {
  const tr = document.createElement("tr");
  tr.append(cell(id), cell(event), cell(visible(data)));
  return tr;
}

// The newest events as they came; rows are made only while the drawer is open.
export class RawRows {
  #drawer;
  #body;
  #pane;
  #kept = [];

  constructor(drawer, body) {
    this.#drawer = drawer;
    this.#body = body;
    this.#pane = body.closest(".wire");
    drawer.addEventListener("toggle", () => this.#draw());
  }

  clear() {
    this.#kept = [];
    this.#body.replaceChildren();
  }

  add(event) {
    const kept = { id: event.lastEventId, event: event.type, data: event.data };
    this.#kept.push(kept);
    if (this.#kept.length > KEPT_ROWS) this.#kept.shift();
    if (this.#drawer.open) this.#append(kept);
  }

  #append(kept) {
    const { scrollHeight, scrollTop, clientHeight } = this.#pane;
    this.#body.append(row(kept));
    if (this.#body.rows.length > KEPT_ROWS) this.#body.rows[0].remove();
    if (scrollHeight - scrollTop - clientHeight < 40) this.#pane.scrollTop = this.#pane.scrollHeight;
  }

  #draw() {
    this.#body.replaceChildren(...(this.#drawer.open ? this.#kept.map(row) : []));
    this.#pane.scrollTop = this.#pane.scrollHeight;
  }
}
