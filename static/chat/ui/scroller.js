const NEAR_BOTTOM_PX = 48;
// History is loaded before the reader reaches the top.
const NEAR_TOP_PX = 600;

/** Stays at the newest message while the reader is there, and never moves what is being read. */
export class Scroller {
  #pane;
  #button;
  #onNearTop;
  #isAtBottom = true;

  constructor(pane, list, button, onNearTop) {
    this.#pane = pane;
    this.#button = button;
    this.#onNearTop = onNearTop;
    pane.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    button.addEventListener("click", () => this.scrollToBottom());
    const sizes = new ResizeObserver(() => this.#isAtBottom && this.scrollToBottom());
    sizes.observe(pane);
    sizes.observe(list);
  }

  get isAtBottom() {
    return this.#isAtBottom;
  }

  scrollToBottom() {
    this.#isAtBottom = true;
    this.#button.hidden = true;
    this.#pane.scrollTop = this.#pane.scrollHeight;
  }

  /** For a change below the place of reading. */
  changeBelow(change) {
    change();
    if (this.#isAtBottom) this.scrollToBottom();
  }

  /** For a change above it: the same line stays under the reader's eye. */
  changeAbove(change) {
    const rest = this.#pane.scrollHeight - this.#pane.scrollTop;
    change();
    this.#pane.scrollTop = this.#pane.scrollHeight - rest;
  }

  showNewerButton() {
    this.#button.hidden = this.#isAtBottom;
  }

  loadIfNearTop() {
    if (this.#pane.scrollTop < NEAR_TOP_PX) this.#onNearTop();
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#pane;
    this.#isAtBottom = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    if (this.#isAtBottom) this.#button.hidden = true;
    this.loadIfNearTop();
  }
}
