import { watchComposition } from "../shared/composition.js";

// Where Enter already means something, it keeps meaning that. A closed select opens with other keys.
const OWN_ENTER = 'a, button:not([aria-disabled="true"]), summary, input, textarea, [contenteditable]';

export function listenForKeys({ start, stop }) {
  const composing = watchComposition(document);
  const plain = (event) => !(event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || composing(event) || !plain(event)) return;
    if (event.key === "Escape") stop();
    if (event.key === "Enter" && !event.target.closest(OWN_ENTER)) start();
  });
}
