const HIGHLIGHT_MS = 2_000;

/** A click on a quote leads to the quoted message, and loads as much history as lies between. */
export class QuoteLink {
  #list;
  #store;
  #wanted = null;

  constructor(list, store) {
    this.#list = list;
    this.#store = store;
    list.addEventListener("click", ({ target }) => {
      const quote = target.closest(".quote");
      if (quote) this.#goTo(Number(quote.dataset.seq));
    });
    store.subscribe({
      log: ({ source }) => source === "history" && this.#historyLoaded(),
      connection: () => {
        this.#wanted = null;
      },
    });
  }

  #historyLoaded() {
    if (this.#wanted !== null) this.#goTo(this.#wanted);
  }

  #goTo(seq) {
    const row = this.#list.querySelector(`.row[data-seq="${seq}"]`);
    if (row) highlight(row);
    const { log } = this.#store.state;
    const isOlder = !row && log.hasMore && seq < log.first;
    this.#wanted = isOlder ? seq : null;
    if (isOlder) this.#store.dispatch({ type: "load-older" });
  }
}

function highlight(row) {
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
  row.classList.add("highlighted");
  setTimeout(() => row.classList.remove("highlighted"), HIGHLIGHT_MS);
}
