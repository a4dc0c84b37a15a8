// The rows of a table, kept by key: what is open or in focus stays so while the numbers change.
export class Rows {
  #body;
  #make;
  #rows = new Map();

  constructor(body, make) {
    this.#body = body;
    this.#make = make;
  }

  show(items) {
    const gone = new Set(this.#rows.keys());
    items.forEach((item, at) => {
      gone.delete(item.id);
      this.#place(this.#row(item), at);
    });
    for (const id of gone) this.#remove(id);
  }

  #row(item) {
    if (!this.#rows.has(item.id)) this.#rows.set(item.id, this.#make(labels(this.#body)));
    const row = this.#rows.get(item.id);
    row.show(item);
    return row;
  }

  #place({ element }, at) {
    if (this.#body.children[at] !== element) this.#body.insertBefore(element, this.#body.children[at] ?? null);
  }

  #remove(id) {
    this.#rows.get(id).element.remove();
    this.#rows.delete(id);
  }
}

// On a narrow screen each cell says itself what it is.
function labels(body) {
  return Array.from(body.closest("table").tHead.rows[0].cells, (cell) => cell.textContent);
}

export function tableRow(names) {
  const row = document.createElement("tr");
  row.role = "row"; // said again, since a row that is shown as a card is none to a screen reader
  names.forEach((name, at) => {
    const cell = document.createElement(at === 0 ? "th" : "td");
    cell.role = at === 0 ? "rowheader" : "cell";
    if (at === 0) cell.scope = "row";
    cell.dataset.label = name;
    row.append(cell);
  });
  return row;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}
