import { t } from "../shared/translations.js";

function quarterOf(shown, total) {
  return total ? Math.floor((4 * shown) / total) : 0;
}

/** Drawn at every grapheme, announced to a screen reader at quarters only. */
export class ProgressView {
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
    this.#count.textContent = t("count", { shown, total, percent });
    this.#announceQuarter(quarterOf(shown, total));
  }

  /** Shows where a stream begins or is resumed; quarters before that are not announced. */
  restart(shown, total) {
    this.#quarter = quarterOf(shown, total);
    this.show(shown, total);
  }

  announce(key, values) {
    this.#status.textContent = t(key, values);
  }

  #announceQuarter(quarter) {
    if (quarter <= this.#quarter) return;
    this.#quarter = quarter;
    if (quarter < 4) this.announce("announce-quarter", { percent: quarter * 25 });
  }
}
