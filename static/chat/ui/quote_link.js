const LIT_MS = 2_000;

// A quote leads to what it quotes, through as much history as lies between.
export class QuoteLink {
  #list;
  #older;
  #wanted = null;

  // `older(seq)` asks for history, if the message is further back than what is held, and answers whether it did.
  constructor(list, older) {
    this.#list = list;
    this.#older = older;
    list.addEventListener("click", ({ target }) => {
      const quote = target.closest(".quote");
      if (quote) this.#go(Number(quote.dataset.to));
    });
  }

  // More history is held now.
  loaded() {
    if (this.#wanted !== null) this.#go(this.#wanted);
  }

  #go(seq) {
    const row = this.#list.querySelector(`.row[data-seq="${seq}"]`);
    if (row) light(row);
    this.#wanted = !row && this.#older(seq) ? seq : null;
  }
}

function light(row) {
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
  row.classList.add("lit");
  setTimeout(() => row.classList.remove("lit"), LIT_MS);
}
