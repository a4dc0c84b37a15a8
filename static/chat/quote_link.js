const LIT_MS = 2_000;

// A quote leads to what it quotes, if that is among the rows.
export function goToQuotes(list) {
  list.addEventListener("click", ({ target }) => {
    const quote = target.closest(".quote");
    const row = quote && list.querySelector(`.row[data-seq="${quote.dataset.to}"]`);
    if (row) light(row);
  });
}

function light(row) {
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
  row.classList.add("lit");
  setTimeout(() => row.classList.remove("lit"), LIT_MS);
}
