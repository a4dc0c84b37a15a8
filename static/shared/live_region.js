// Screen readers pick up a change some moments after it was made.
const SETTLE_MS = 1_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Changes a live region without announcing the change: a screen reader would read out all of history.
 * @param {HTMLElement} region
 * @param {() => void} change
 */
export function withoutAnnouncing(region, change) {
  region.setAttribute("aria-live", "off");
  change();
  clearTimeout(timer);
  timer = setTimeout(() => region.setAttribute("aria-live", "polite"), SETTLE_MS);
}
