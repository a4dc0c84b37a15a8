import { Row } from "./message_row.js";

// The rows of the log in the order of their seq; what is still unsent stands below them all.
export class LogView {
  #list;
  #templates;
  #rows = [];
  // A line that says what is missing where.
  #gap = { after: 0, element: null };
  #parted = { seq: null, element: null };
  #me;

  constructor(list, templates, me) {
    this.#list = list;
    this.#templates = templates;
    this.#me = me;
  }

  get empty() {
    return this.#rows.length === 0;
  }

  // An entry takes the place of the row that was sent with its cid, or of its own earlier form.
  show(shown) {
    const row = this.#find(shown);
    if (!row) return this.#insert(new Row(this.#templates.row, shown, this.#me));
    const order = row.order;
    row.show(shown, this.#me);
    if (row.order === order) return this.#neighbours(row);
    this.#remove(row, false);
    return this.#insert(row);
  }

  // In the log for certain, though its entry may be long past or still on its way.
  acknowledge(cid, seq) {
    const row = this.#pending(cid);
    if (row) this.show({ ...row.shown, seq });
  }

  discard(cid) {
    const row = this.#pending(cid);
    if (row) this.#remove(row);
  }

  // What is quoted has come, or has changed.
  requote(seq, quote) {
    for (const row of this.#rows.filter(({ shown }) => shown.reply_to === seq)) {
      row.show({ ...row.shown, quote: quote() }, this.#me);
    }
  }

  quoted() {
    return new Set(this.#rows.flatMap(({ shown }) => shown.reply_to ?? []));
  }

  // The line above what had not been read; null takes it away.
  parted(seq) {
    if (this.#parted.seq === seq) return;
    this.#parted.element?.remove();
    const element = this.#templates.fresh.content.firstElementChild.cloneNode(true);
    this.#parted = { seq, element };
    const row = this.#rows.find(({ order }) => order === seq);
    row?.element.prepend(element);
    this.#rows.forEach((each, index) => each.follow(this.#rows[index - 1] ?? null));
  }

  iAm(key) {
    this.#me = key;
    for (const row of this.#rows) row.own(key);
  }

  // What lies between the rows held before and those to come has been skipped.
  startAfter({ after }, fill) {
    const element = this.#begin(this.#templates.gap, after);
    element.querySelector(".fill").addEventListener("click", fill);
  }

  closeGap() {
    this.#gap.element?.remove();
    this.#gap = { after: 0, element: null };
  }

  dropBefore(seq) {
    for (const row of this.#rows.filter(({ order }) => order < seq)) this.#remove(row);
    if (this.#gap.after < seq) this.closeGap();
  }

  // Another epoch: the numbers of the old rows mean other entries now.
  startAnew(seq) {
    this.#begin(this.#templates.anew, seq);
  }

  #begin(template, after) {
    this.dropBefore(Infinity);
    const element = template.content.firstElementChild.cloneNode(true);
    this.#list.prepend(element);
    this.#gap = { after, element };
    return element;
  }

  #pending(cid) {
    return this.#rows.findLast(({ shown }) => !shown.seq && shown.cid === cid);
  }

  #find({ seq, cid }) {
    return (seq && this.#rows.findLast(({ shown }) => shown.seq === seq)) || this.#pending(cid);
  }

  #insert(row) {
    const above = this.#rows.findLastIndex(({ order }) => order <= row.order);
    const next = this.#rows[above + 1]?.element ?? null;
    // Moving an element that is in its place already would be read out twice.
    if (!row.element.isConnected || this.#following(row) !== next) this.#list.insertBefore(row.element, next);
    this.#rows.splice(above + 1, 0, row);
    this.#neighbours(row);
  }

  #following(row) {
    return row.element.nextElementSibling;
  }

  #remove(row, away = true) {
    const index = this.#rows.indexOf(row);
    this.#rows.splice(index, 1);
    if (away) row.element.remove();
    this.#rows[index]?.follow(this.#rows[index - 1] ?? null);
  }

  #neighbours(row) {
    const index = this.#rows.indexOf(row);
    row.follow(this.#rows[index - 1] ?? null);
    this.#rows[index + 1]?.follow(row);
  }
}
