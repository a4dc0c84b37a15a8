const STEPS = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" };

// One stop of the Tab key for all messages: the newest, or the one last gone to. Arrows go from one to the next.
export function roveRows(list) {
  let stop = null;
  const stopAt = (row) => {
    if (stop) reach(stop, -1);
    stop = row;
    if (stop) reach(stop, 0);
  };
  const newest = () => list.contains(document.activeElement) || stopAt(last(list));
  new MutationObserver(newest).observe(list, { childList: true });
  list.addEventListener("focusin", ({ target }) => stopAt(target.closest(".row")));
  list.addEventListener("keydown", (event) => {
    if (!event.target.matches(".row") || !STEPS[event.key]) return;
    event.preventDefault();
    step(event.target, STEPS[event.key])?.focus();
  });
}

function reach(row, tabIndex) {
  for (const element of [row, row.querySelector(".quote")]) element.tabIndex = tabIndex;
}

function last(list) {
  const rows = list.querySelectorAll(".row");
  return rows.item(rows.length - 1);
}

function step(row, sibling) {
  let next = row[sibling];
  while (next && !next.matches(".row")) next = next[sibling];
  return next;
}
