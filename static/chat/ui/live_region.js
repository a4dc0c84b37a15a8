// Screen readers take up a change some moments after it was made.
const SETTLE_MS = 1_000;

let timer = null;

// History put into a live region would all be read out.
export function quietly(region, change) {
  region.setAttribute("aria-live", "off");
  change();
  clearTimeout(timer);
  timer = setTimeout(() => region.setAttribute("aria-live", "polite"), SETTLE_MS);
}
