import { hasWord, word } from "../words.js";

const HUES = 8;
const GROUP_MS = 5 * 60_000;

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
    const parted = this.element.previousElementSibling?.matches(".gap") ?? false;
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

  #note() {
    const { refused, seq, edited_at: edited, deleted } = this.shown;
    const text = refused ? reason(refused) : !seq ? word("sending") : edited && !deleted ? word("edited") : "";
    write(this.#part("why"), text);
    this.#part("note").hidden = text === "";
    for (const name of ["retry", "discard"]) this.#part(name).hidden = !refused;
  }
}

// Somebody who has just taken another name is shown with it.
function sameAuthor(one, other) {
  return one.key === other.key && one.name === other.name;
}

function reason(code) {
  return word(hasWord(`refused-${code}`) ? `refused-${code}` : "refused");
}
