import { cloneTemplate, setText } from "../../shared/dom.js";
import { t, translateVariant } from "../../shared/translations.js";
import { firstLine } from "../state/message.js";

const HUES = 8;
// Messages of one author within 5 minutes are grouped.
const GROUP_MS = 5 * 60_000;
// The message that should be changed is gone: no retry can help.
const NO_RETRY = new Set(["not_found"]);

const lang = document.documentElement.lang;
const timeFormat = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const fullFormat = new Intl.DateTimeFormat(lang, { dateStyle: "full", timeStyle: "medium" });
const dayFormat = new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long" });
const dayAndYearFormat = new Intl.DateTimeFormat(lang, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});

/** A number below 8 that stays the same for a member key: the colour of the name. */
export function hueOf(key) {
  let hash = 0;
  for (const char of key) hash = Math.imul(hash ^ char.codePointAt(0), 0x9e3779b1);
  // Neighbouring keys (u-1, u-2) differ in the high bits only after the multiplication.
  return (hash >>> 16) % HUES;
}

function formatDay(at) {
  const date = new Date(at);
  return (date.getFullYear() === new Date().getFullYear() ? dayFormat : dayAndYearFormat).format(date);
}

/** One message as the reader sees it: sent, sending, refused, edited or deleted. */
export class MessageRow {
  #find;

  constructor(template, message, myKey) {
    this.element = cloneTemplate(template);
    this.#find = (className) => this.element.querySelector(`.${className}`);
    this.show(message, myKey);
  }

  get order() {
    return this.message.seq ?? Infinity;
  }

  /** `message` is an entry of the log, or an unsent message without a seq. */
  show(message, myKey) {
    this.message = message;
    Object.assign(this.element.dataset, { cid: message.cid ?? "", state: this.#state() });
    if (message.seq) this.element.dataset.seq = message.seq;
    this.#showPendingChange();
    this.#showQuote();
    setText(this.#find("body"), message.deleted ? t("deleted") : message.body);
    this.#showAuthor(message.author);
    this.#showTime(message.at);
    this.#showNote();
    this.markOwn(myKey);
  }

  markOwn(myKey) {
    this.element.classList.toggle("own", this.message.author.key === myKey);
  }

  /** Hides the day and the author where the row above shows the same. */
  groupWith(above) {
    const day = formatDay(this.message.at);
    const isSameDay = above !== null && formatDay(above.message.at) === day;
    const isNear = isSameDay && Date.parse(this.message.at) - Date.parse(above.message.at) < GROUP_MS;
    this.#find("day").hidden = isSameDay;
    setText(this.#find("day"), isSameDay ? "" : day);
    const isAfterGap = this.element.previousElementSibling?.matches(".gap") ?? false;
    const isSeparated = isAfterGap || this.element.firstElementChild.matches(".divider");
    const isGrouped = isNear && !isSeparated && isSameAuthor(above.message.author, this.message.author);
    this.element.classList.toggle("grouped", isGrouped);
  }

  #state() {
    if (this.message.refused) return "failed";
    if (this.message.deleted) return "deleted";
    return this.message.seq ? "sent" : "sending";
  }

  #showAuthor({ key, name }) {
    setText(this.#find("author"), name);
    this.#find("author").className = `author hue-${hueOf(key)}`;
  }

  #showTime(at) {
    const time = this.#find("at");
    time.dateTime = at;
    time.title = fullFormat.format(new Date(at));
    setText(time, timeFormat.format(new Date(at)));
  }

  #showPendingChange() {
    const { saving, refusedChange } = this.message;
    this.element.classList.toggle("saving", Boolean(saving));
    if (refusedChange) this.element.dataset.change = refusedChange.cid;
    else delete this.element.dataset.change;
  }

  #showQuote() {
    const { reply_to: seq, quote } = this.message;
    const button = this.#find("quote");
    button.hidden = !seq;
    if (!seq) return;
    const isShown = quote && !quote.deleted;
    button.dataset.seq = seq;
    setText(this.#find("quoted-author"), isShown ? quote.author.name : "");
    const placeholder = quote === undefined ? "…" : t("deleted");
    setText(this.#find("quoted-text"), isShown ? firstLine(quote.body) : placeholder);
  }

  #showNote() {
    const { refused, refusedChange } = this.message;
    const text = this.#describe();
    setText(this.#find("why"), text);
    this.#find("note").hidden = text === "";
    this.#find("discard").hidden = !refused && !refusedChange;
    this.#find("retry").hidden = !refused && (!refusedChange || NO_RETRY.has(refusedChange.code));
  }

  #describe() {
    const { refused, refusedChange, saving, seq, edited_at: edited, deleted } = this.message;
    if (refused) return translateVariant("not-sent", refused);
    if (refusedChange) return translateVariant("not-changed", refusedChange.code);
    if (saving) return t("saving");
    if (!seq) return t("sending");
    return edited && !deleted ? t("edited") : "";
  }
}

/** After a rename, the messages under the new name form a new group. */
function isSameAuthor(one, other) {
  return one.key === other.key && one.name === other.name;
}
