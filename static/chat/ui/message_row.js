import { hasWord, word } from "../../shared/translations.js";
import { firstLine } from "../state/first_line.js";

const HUES = 8;
const GROUP_MS = 5 * 60_000;

// There is nothing left to change, however often one asks.
const HOPELESS = new Set(["not_found"]);

const lang = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const full = new Intl.DateTimeFormat(lang, { dateStyle: "full", timeStyle: "medium" });
const sameYear = new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long" });
const otherYear = new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export function hue(key) {
  let hash = 0;
  for (const char of key) hash = Math.imul(hash ^ char.codePointAt(0), 0x9e3779b1);
  // Neighbouring keys (u-1, u-2) differ in the high bits only after the multiplication.
  return (hash >>> 16) % HUES;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function dayOf(at) {
  const date = new Date(at);
  return (date.getFullYear() === new Date().getFullYear() ? sameYear : otherYear).format(date);
}

// One message as the reader sees it: sent, sending, refused, edited or deleted.
export class Row {
  #part;

  constructor(template, shown, me) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.#part = (name) => this.element.querySelector(`.${name}`);
    this.show(shown, me);
  }

  get order() {
    return this.shown.seq ?? Infinity;
  }

  // `shown` is an entry of the log, or an item of the outbox that has no seq yet.
  show(shown, me) {
    this.shown = shown;
    Object.assign(this.element.dataset, { cid: shown.cid ?? "", state: this.#state() });
    if (shown.seq) this.element.dataset.seq = shown.seq;
    this.#changing();
    this.#quote();
    write(this.#part("body"), shown.deleted ? word("deleted") : shown.body);
    this.#author(shown.author);
    this.#time(shown.at);
    this.#note();
    this.own(me);
  }

  own(me) {
    this.element.classList.toggle("own", this.shown.author.key === me);
  }

  // What this row need not repeat, given the one above it.
  follow(above) {
    const day = dayOf(this.shown.at);
    const sameDay = above !== null && dayOf(above.shown.at) === day;
    const near = sameDay && new Date(this.shown.at) - new Date(above.shown.at) < GROUP_MS;
    this.#part("day").hidden = sameDay;
    write(this.#part("day"), sameDay ? "" : day);
    const gap = this.element.previousElementSibling?.matches(".gap") ?? false;
    const parted = gap || this.element.firstElementChild.matches(".fresh");
    this.element.classList.toggle("grouped", near && !parted && sameAuthor(above.shown.author, this.shown.author));
  }

  #state() {
    if (this.shown.refused) return "failed";
    if (this.shown.deleted) return "deleted";
    return this.shown.seq ? "sent" : "sending";
  }

  #author({ key, name }) {
    write(this.#part("author"), name);
    this.#part("author").className = `author hue-${hue(key)}`;
  }

  #time(at) {
    const time = this.#part("at");
    time.dateTime = at;
    time.title = full.format(new Date(at));
    write(time, clock.format(new Date(at)));
  }

  // A change that is on its way, or one that was refused.
  #changing() {
    this.element.classList.toggle("saving", Boolean(this.shown.saving));
    if (this.shown.change) this.element.dataset.change = this.shown.change.cid;
    else delete this.element.dataset.change;
  }

  #quote() {
    const { reply_to: to, quote } = this.shown;
    this.#part("quote").hidden = !to;
    if (!to) return;
    const there = quote && !quote.deleted;
    this.#part("quote").dataset.to = to;
    write(this.#part("quoted-author"), there ? quote.author.name : "");
    write(this.#part("quoted-text"), there ? firstLine(quote.body) : quote === undefined ? "…" : word("deleted"));
  }

  #note() {
    const { refused, change } = this.shown;
    const text = this.#why();
    write(this.#part("why"), text);
    this.#part("note").hidden = text === "";
    this.#part("discard").hidden = !refused && !change;
    this.#part("retry").hidden = !refused && (!change || HOPELESS.has(change.code));
  }

  #why() {
    const { refused, change, saving, seq, edited_at: edited, deleted } = this.shown;
    if (refused) return reason("refused", refused);
    if (change) return reason("unchanged", change.code);
    if (saving) return word("saving");
    if (!seq) return word("sending");
    return edited && !deleted ? word("edited") : "";
  }
}

// Somebody who has just taken another name is shown with it.
function sameAuthor(one, other) {
  return one.key === other.key && one.name === other.name;
}

function reason(what, code) {
  return word(hasWord(`${what}-${code}`) ? `${what}-${code}` : what);
}
