// A laptop that slept, a tab that was hidden or frozen, a network that came back: the line may be dead
// without having said so.
export function onWaking(wake) {
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
  document.addEventListener("resume", wake);
  addEventListener("online", wake);
  addEventListener("pageshow", (event) => event.persisted && wake());
}
