/**
 * @param {object} listeners
 * @param {() => void} listeners.wake after sleep, a hidden tab or a lost network the connection may be dead unnoticed
 * @param {() => void} listeners.hide the browser may store the page for the back button, and its socket with it
 * @param {() => void} listeners.restore the page comes back by the back button
 */
export function watchPageLifecycle({ wake, hide, restore }) {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") wake();
  });
  document.addEventListener("resume", wake);
  addEventListener("online", wake);
  addEventListener("pagehide", hide);
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) restore();
  });
}
