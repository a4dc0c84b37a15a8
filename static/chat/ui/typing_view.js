import { t } from "../../shared/translations.js";
import { TypingThrottle } from "../state/typing_tracker.js";

function describe([first, second, ...more]) {
  if (first === undefined) return "";
  if (more.length > 0) return t("typing-several");
  return second === undefined ? t("typing-one", { one: first }) : t("typing-two", { one: first, two: second });
}

/** The line that says who is typing. It is not a live region: a screen reader would interrupt all the time. */
export class TypingView {
  #line;
  #typing;
  #throttle = new TypingThrottle();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor(line, field, store, send) {
    this.#line = line;
    this.#typing = store.state.typing;
    field.addEventListener("input", () => {
      if (field.value.trim() !== "" && this.#throttle.shouldSend(Date.now())) send({ type: "typing" });
    });
    store.subscribe({ typing: () => this.#show(), said: () => this.#throttle.reset() });
  }

  #show() {
    clearTimeout(this.#timer);
    this.#line.textContent = describe(this.#typing.names(Date.now()));
    const { nextExpiry } = this.#typing;
    if (nextExpiry !== null) this.#timer = setTimeout(() => this.#show(), nextExpiry - Date.now());
  }
}
