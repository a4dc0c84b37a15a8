const NEAR_BOTTOM_PX = 48;
// Ask for history before the reader reaches the end of what is there.
const NEAR_TOP_PX = 600;

// Stays at the newest message while the reader is there, and never moves what somebody is reading.
export class Scroller {
  #pane;
  #button;
  #nearTop;
  #stuck = true;

  constructor(pane, list, button, nearTop) {
    this.#pane = pane;
    this.#button = button;
    this.#nearTop = nearTop;
    pane.addEventListener("scroll", () => this.#look(), { passive: true });
    button.addEventListener("click", () => this.toBottom());
    const sizes = new ResizeObserver(() => this.#stuck && this.toBottom());
    sizes.observe(pane);
    sizes.observe(list);
  }

  get atBottom() {
    return this.#stuck;
  }

  toBottom() {
    this.#stuck = true;
    this.#button.hidden = true;
    this.#pane.scrollTop = this.#pane.scrollHeight;
  }

  // What comes after the place of reading.
  below(change) {
    change();
    if (this.#stuck) this.toBottom();
  }

  // What comes before it: the same line stays under the reader's eye.
  above(change) {
    const rest = this.#pane.scrollHeight - this.#pane.scrollTop;
    change();
    this.#pane.scrollTop = this.#pane.scrollHeight - rest;
  }

  announce() {
    this.#button.hidden = this.#stuck;
  }

  fill() {
    if (this.#pane.scrollTop < NEAR_TOP_PX) this.#nearTop();
  }

  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.#pane;
    this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    if (this.#stuck) this.#button.hidden = true;
    this.fill();
  }
}
