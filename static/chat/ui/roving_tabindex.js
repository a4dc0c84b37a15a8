const SIBLINGS = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" };

/** The Tab key stops once for all messages: at the newest, or the last focused. Arrow keys move between messages. */
export function useRovingTabindex(list) {
  let current = null;
  const setCurrent = (row) => {
    if (current) setTabIndex(current, -1);
    current = row;
    if (current) setTabIndex(current, 0);
  };
  const followNewest = () => list.contains(document.activeElement) || setCurrent(lastRow(list));
  new MutationObserver(followNewest).observe(list, { childList: true });
  list.addEventListener("focusin", ({ target }) => setCurrent(target.closest(".row")));
  list.addEventListener("keydown", (event) => {
    if (!event.target.matches(".row") || !SIBLINGS[event.key]) return;
    event.preventDefault();
    neighbour(event.target, SIBLINGS[event.key])?.focus();
  });
}

function setTabIndex(row, tabIndex) {
  for (const element of [row, row.querySelector(".quote")]) element.tabIndex = tabIndex;
}

function lastRow(list) {
  const rows = list.querySelectorAll(".row");
  return rows.item(rows.length - 1);
}

function neighbour(row, sibling) {
  let next = row[sibling];
  while (next && !next.matches(".row")) next = next[sibling];
  return next;
}
