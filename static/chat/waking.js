// A laptop that slept, a tab that was hidden, a network that came back: the socket may be dead without having said so.
export function onWaking(wake) {
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
  addEventListener("online", wake);
  addEventListener("pageshow", (event) => event.persisted && wake());
}
