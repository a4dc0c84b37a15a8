import { watchComposition } from "../../shared/composition.js";
import { t } from "../../shared/translations.js";

const MAX_ROWS = 8;
// The counter appears at 90 percent of the limit.
const COUNTER_FROM = 0.9;

const segmenter = "Segmenter" in Intl ? new Intl.Segmenter() : null;
const growsByItself = CSS.supports("field-sizing", "content");

export function countGraphemes(text) {
  return segmenter ? Array.from(segmenter.segment(text)).length : Array.from(text).length;
}

/** Where a message is written. It is never disabled: what cannot be sent now waits in the outbox. */
export class Composer {
  #field;
  #counter;
  #onSubmit = (body) => body;
  #isComposing;
  #limit = Infinity;

  constructor(form, field, counter, store) {
    this.#field = field;
    this.#counter = counter;
    this.#isComposing = watchComposition(field);
    form.addEventListener("submit", (event) => this.#submit(event));
    field.addEventListener("keydown", (event) => this.#keyPressed(event));
    field.addEventListener("input", () => this.#textChanged());
    store.subscribe({ limits: () => this.#limitChanged(store.state.limits.body ?? Infinity) });
  }

  /** `onSubmit(body)` returns the text that stands in the field afterwards. */
  set onSubmit(onSubmit) {
    this.#onSubmit = onSubmit;
  }

  get text() {
    return this.#field.value;
  }

  setText(text) {
    this.#field.value = text;
    // As if it were typed: other listeners of the field follow.
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  focus() {
    this.#field.focus();
  }

  #keyPressed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.repeat || this.#isComposing(event)) return;
    this.#submit(event);
  }

  #submit(event) {
    event.preventDefault();
    this.setText(this.#onSubmit(this.text));
    this.focus();
  }

  #limitChanged(graphemes) {
    this.#limit = graphemes;
    this.#textChanged();
  }

  #textChanged() {
    const { value } = this.#field;
    if (!growsByItself) this.#field.rows = Math.min(MAX_ROWS, value.split("\n").length);
    // A grapheme is at least one code unit long, so a short text need not be counted.
    const count = value.length < this.#limit * COUNTER_FROM ? 0 : countGraphemes(value);
    this.#counter.hidden = count < this.#limit * COUNTER_FROM;
    this.#counter.classList.toggle("over", count > this.#limit);
    this.#counter.textContent = this.#counter.hidden ? "" : t("length", { count, limit: this.#limit });
  }
}
