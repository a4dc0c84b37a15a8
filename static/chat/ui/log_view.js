import { cloneTemplate } from "../../shared/dom.js";
import { MessageRow } from "./message_row.js";

/** The rows of the log in the order of their seq; unsent messages stand below them all. */
export class LogView {
  #list;
  #templates;
  #rows = [];
  /** The line that says which entries were skipped. @type {{ after: number, element: Element | null }} */
  #gap = { after: 0, element: null };
  /** @type {{ seq: number | null, element: Element | null }} */
  #divider = { seq: null, element: null };
  #myKey;

  constructor(list, templates, myKey) {
    this.#list = list;
    this.#templates = templates;
    this.#myKey = myKey;
  }

  get isEmpty() {
    return this.#rows.length === 0;
  }

  /** An entry replaces the row that was sent with its cid, or the row of its earlier form. */
  show(message) {
    const row = this.#find(message);
    if (!row) return this.#insert(new MessageRow(this.#templates.row, message, this.#myKey));
    const { order } = row;
    row.show(message, this.#myKey);
    if (row.order === order) return this.#regroup(row);
    this.#remove(row, { keepElement: true });
    return this.#insert(row);
  }

  /** The message is in the log, though its entry may be long past or still on its way. */
  acknowledge({ cid, seq }) {
    const row = this.#findUnsent(cid);
    if (row) this.show({ ...row.message, seq });
  }

  removeUnsent(cid) {
    const row = this.#findUnsent(cid);
    if (row) this.#remove(row);
  }

  /** Draws the quotes of a message again. */
  updateQuotes(seq, quote) {
    for (const row of this.#rows.filter(({ message }) => message.reply_to === seq)) {
      row.show({ ...row.message, quote }, this.#myKey);
    }
  }

  quotedSeqs() {
    return new Set(this.#rows.flatMap(({ message }) => message.reply_to ?? []));
  }

  /** The line "New messages" stands above the message with this seq; null removes it. */
  showDivider(seq) {
    if (this.#divider.seq === seq) return;
    this.#divider.element?.remove();
    const element = cloneTemplate(this.#templates.divider);
    this.#divider = { seq, element };
    this.#rows.find(({ order }) => order === seq)?.element.prepend(element);
    for (const [index, row] of this.#rows.entries()) row.groupWith(this.#rows[index - 1] ?? null);
  }

  setMember(key) {
    this.#myKey = key;
    for (const row of this.#rows) row.markOwn(key);
  }

  /** Entries after `after` were skipped. */
  resetWithGap(after, onFill) {
    const element = this.#reset(this.#templates.gap, after);
    element.querySelector(".fill").addEventListener("click", onFill);
  }

  closeGap() {
    this.#gap.element?.remove();
    this.#gap = { after: 0, element: null };
  }

  dropBefore(seq) {
    for (const row of this.#rows.filter(({ order }) => order < seq)) this.#remove(row);
    if (this.#gap.after < seq) this.closeGap();
  }

  /** Another epoch: the numbers of the old rows mean other entries now. */
  resetWithNewLog(seq) {
    this.#reset(this.#templates.newLog, seq);
  }

  #reset(template, after) {
    this.dropBefore(Infinity);
    const element = cloneTemplate(template);
    this.#list.prepend(element);
    this.#gap = { after, element };
    return element;
  }

  #findUnsent(cid) {
    return this.#rows.findLast(({ message }) => !message.seq && message.cid === cid);
  }

  #find({ seq, cid }) {
    return (seq && this.#rows.findLast(({ message }) => message.seq === seq)) || this.#findUnsent(cid);
  }

  #insert(row) {
    const above = this.#rows.findLastIndex(({ order }) => order <= row.order);
    const next = this.#rows[above + 1]?.element ?? null;
    const { element } = row;
    // Moving an element that is in its place already would be announced twice.
    if (!element.isConnected || element.nextElementSibling !== next) this.#list.insertBefore(element, next);
    this.#rows.splice(above + 1, 0, row);
    this.#regroup(row);
  }

  #remove(row, { keepElement = false } = {}) {
    const index = this.#rows.indexOf(row);
    this.#rows.splice(index, 1);
    if (!keepElement) row.element.remove();
    this.#rows[index]?.groupWith(this.#rows[index - 1] ?? null);
  }

  #regroup(row) {
    const index = this.#rows.indexOf(row);
    row.groupWith(this.#rows[index - 1] ?? null);
    this.#rows[index + 1]?.groupWith(row);
  }
}
