import { element } from "../shared/dom.js";

/** The rows of a table by the ids of their items: what is open or focused stays so while the numbers change. */
export class TableRows {
  #body;
  #makeRow;
  #rows = new Map();

  constructor(body, makeRow) {
    this.#body = body;
    this.#makeRow = makeRow;
  }

  show(items) {
    const unused = new Set(this.#rows.keys());
    items.forEach((item, index) => {
      unused.delete(item.id);
      this.#place(this.#row(item), index);
    });
    for (const id of unused) this.#remove(id);
  }

  #row(item) {
    if (!this.#rows.has(item.id)) this.#rows.set(item.id, this.#makeRow(columnLabels(this.#body)));
    const row = this.#rows.get(item.id);
    row.show(item);
    return row;
  }

  #place(row, index) {
    const current = this.#body.children[index] ?? null;
    if (current !== row.element) this.#body.insertBefore(row.element, current);
  }

  #remove(id) {
    this.#rows.get(id).element.remove();
    this.#rows.delete(id);
  }
}

// On a narrow screen each cell shows the label of its column.
function columnLabels(body) {
  return Array.from(body.closest("table").tHead.rows[0].cells, (cell) => cell.textContent);
}

export function tableRow(labels) {
  const row = element("tr");
  row.role = "row"; // explicit: a row that is drawn as a card is no row to a screen reader
  labels.forEach((label, index) => {
    const cell = element(index === 0 ? "th" : "td");
    cell.role = index === 0 ? "rowheader" : "cell";
    if (index === 0) cell.scope = "row";
    cell.dataset.label = label;
    row.append(cell);
  });
  return row;
}
