const NEAR_BOTTOM_PX = 24;

// The text so far. It only ever grows at its end, so that a selection inside it survives.
export class Output {
  #panel;
  #text = null;
  #stuck = true;
  #asked = false;

  constructor(panel) {
    this.#panel = panel;
    panel.addEventListener("scroll", () => this.#look(), { passive: true });
    this.clear();
  }

  clear() {
    this.#text = document.createTextNode("");
    this.#panel.replaceChildren(this.#text);
    this.#stuck = true;
  }

  append(grapheme) {
    this.#text.appendData(grapheme);
    if (this.#stuck && !this.#asked) this.#askToFollow();
  }

  // Measuring once per painted frame: at 1 ms per grapheme a layout for each would be 16 too many.
  #askToFollow() {
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      if (this.#stuck) this.#panel.scrollTop = this.#panel.scrollHeight;
    });
  }

  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.#panel;
    this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
  }
}
