const NEAR_BOTTOM_PX = 24;

/** The text so far. It only grows at its end, so that a selection inside it survives. */
export class OutputView {
  #panel;
  #text = document.createTextNode("");
  #isAtBottom = true;
  #isScrollPending = false;

  constructor(panel) {
    this.#panel = panel;
    panel.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.clear();
  }

  clear() {
    this.#text = document.createTextNode("");
    this.#panel.replaceChildren(this.#text);
    this.#isAtBottom = true;
  }

  append(grapheme) {
    this.#text.appendData(grapheme);
    if (this.#isAtBottom && !this.#isScrollPending) this.#scrollSoon();
  }

  // Once in an animation frame: at 1 ms per grapheme, a layout for each would be sixteen times too many.
  #scrollSoon() {
    this.#isScrollPending = true;
    requestAnimationFrame(() => {
      this.#isScrollPending = false;
      if (this.#isAtBottom) this.#panel.scrollTop = this.#panel.scrollHeight;
    });
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#panel;
    this.#isAtBottom = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
  }
}
