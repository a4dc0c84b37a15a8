import { word } from "../shared/translations.js";

export function quarter(shown, total) {
  return total ? Math.floor((4 * shown) / total) : 0;
}

// Seen by the eye at every grapheme, told to a screen reader at quarters only.
export class Progress {
  #bar;
  #count;
  #status;
  #quarter = 0;

  constructor(bar, count, status) {
    this.#bar = bar;
    this.#count = count;
    this.#status = status;
  }

  clear() {
    this.#bar.value = 0;
    this.#count.textContent = "\u00a0";
    this.#status.textContent = "";
  }

  show(shown, total) {
    const percent = total ? Math.floor((100 * shown) / total) : 100;
    this.#bar.max = total || 1;
    this.#bar.value = total ? shown : 1;
    this.#count.textContent = word("count", { shown, total, percent });
    this.#passed(quarter(shown, total));
  }

  restart(shown, total) {
    this.#quarter = quarter(shown, total);
    this.show(shown, total);
  }

  say(name, values) {
    this.#status.textContent = word(name, values);
  }

  #passed(reached) {
    if (reached <= this.#quarter) return;
    this.#quarter = reached;
    if (reached < 4) this.say("said-quarter", { percent: reached * 25 });
  }
}
