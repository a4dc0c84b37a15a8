// Accessibility of the markup of Django's admin, where axe finds faults.

// Django's script for a list with a filter adds its icons when the page has loaded.
addEventListener("load", () => {
  // aria-prohibited-attr: a label on a <span> without a role.
  for (const icon of document.querySelectorAll("span.help-tooltip[aria-label]")) icon.setAttribute("role", "img");
  // empty-table-header: the column of a row's name, and that of a deletion that is not allowed.
  for (const header of document.querySelectorAll("th:empty")) header.setAttribute("role", "presentation");
});
