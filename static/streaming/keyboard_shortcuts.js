import { watchComposition } from "../shared/composition.js";

// Elements where Enter already has a meaning keep it. A closed select opens with other keys.
const HAS_OWN_ENTER = 'a, button:not([aria-disabled="true"]), summary, input, textarea, [contenteditable]';

/** Enter starts, Escape stops. */
export function listenForShortcuts({ start, stop }) {
  const isComposing = watchComposition(document);
  const isPlain = (event) => !(event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
  document.addEventListener("keydown", (/** @type {any} */ event) => {
    if (event.defaultPrevented || isComposing(event) || !isPlain(event)) return;
    if (event.key === "Escape") stop();
    if (event.key === "Enter" && !event.target.closest(HAS_OWN_ENTER)) start();
  });
}
