import { watchComposition } from "../../shared/composition.js";
import { word } from "../../shared/translations.js";

const TALLEST_ROWS = 8;
const SHOW_COUNT_FROM = 0.9;

const segmenter = "Segmenter" in Intl ? new Intl.Segmenter() : null;
const growsByItself = CSS.supports("field-sizing", "content");

export function graphemes(text) {
  return segmenter ? Array.from(segmenter.segment(text)).length : Array.from(text).length;
}

// Where a message is written. It is never disabled: what cannot be sent now waits in the outbox.
export class Composer {
  #field;
  #length;
  #take;
  #composing;
  #limit = Infinity;

  // `take(body)` answers what stands in the field afterwards.
  constructor(form, field, length, take) {
    this.#field = field;
    this.#length = length;
    this.#take = take;
    this.#composing = watchComposition(field);
    form.addEventListener("submit", (event) => this.#submit(event));
    field.addEventListener("keydown", (event) => this.#key(event));
    field.addEventListener("input", () => this.#changed());
  }

  limit(graphemesAllowed) {
    this.#limit = graphemesAllowed;
    this.#changed();
  }

  get text() {
    return this.#field.value;
  }

  put(text) {
    this.#field.value = text;
    // As if it were typed, so that whoever listens to the field follows.
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  focus() {
    this.#field.focus();
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.repeat || this.#composing(event)) return;
    this.#submit(event);
  }

  #submit(event) {
    event.preventDefault();
    this.put(this.#take(this.text));
    this.focus();
  }

  #changed() {
    const { value } = this.#field;
    if (!growsByItself) this.#field.rows = Math.min(TALLEST_ROWS, value.split("\n").length);
    // A grapheme is at least one unit long, so a short text need not be counted.
    const count = value.length < this.#limit * SHOW_COUNT_FROM ? 0 : graphemes(value);
    this.#length.hidden = count < this.#limit * SHOW_COUNT_FROM;
    this.#length.classList.toggle("over", count > this.#limit);
    this.#length.textContent = this.#length.hidden ? "" : word("length", { count, limit: this.#limit });
  }
}
