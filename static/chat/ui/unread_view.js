import { t } from "../../shared/translations.js";
import { formatCount } from "../state/unread.js";

/** The number of unread messages, in the page's title and on the button that leads down. */
export class UnreadView {
  #store;
  #isAtBottom;
  #count;
  #title = document.title;

  /** `isAtBottom()` tells whether the newest message is in sight. */
  constructor(store, { pane, count, isAtBottom }) {
    this.#store = store;
    this.#isAtBottom = isAtBottom;
    this.#count = count;
    document.addEventListener("visibilitychange", () => this.#update());
    pane.addEventListener("scroll", () => this.#update(), { passive: true });
    store.subscribe({ unread: () => this.#update() });
  }

  #update() {
    const { readPosition, log } = this.#store.state;
    if (!readPosition.isKnown) return;
    const isSeen = document.visibilityState === "visible" && this.#isAtBottom();
    if (isSeen && !readPosition.hasRead(log.last)) this.#store.dispatch({ type: "seen" });
    else this.#show(this.#store.state.unreadCount());
  }

  #show(count) {
    const title = count > 0 ? `(${formatCount(count)}) ${this.#title}` : this.#title;
    if (document.title !== title) document.title = title;
    this.#count.textContent = count > 0 ? t("newer-count", { count: formatCount(count) }) : "";
  }
}
