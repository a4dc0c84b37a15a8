import { element } from "../../shared/dom.js";
import { t } from "../../shared/translations.js";

// The server names at most this many.
const MAX_NAMES = 200;

/** Who is in the room: the number, and the names when opened. In italics while the connection is down. */
export class OnlineList {
  #details;
  #summary;
  #names;
  #state;

  constructor(details, store) {
    this.#details = details;
    this.#summary = details.querySelector("summary");
    this.#names = details.querySelector("ul");
    this.#state = store.state;
    details.addEventListener("toggle", () => this.#showNames());
    details.addEventListener("keydown", ({ key }) => key === "Escape" && this.#close());
    addEventListener("click", ({ target }) => {
      if (!details.contains(target)) details.open = false;
    });
    store.subscribe({
      member: () => this.#showNames(),
      online: () => this.#show(),
      connection: ({ name }) => name === "connected" || this.#markUnknown(),
    });
  }

  // A transport that does not report who is online leaves `online` out.
  #show() {
    const { online } = this.#state;
    this.#details.hidden = online === undefined;
    this.#details.classList.remove("unknown");
    const { length } = online ?? [];
    this.#summary.textContent = t("online", { count: length < MAX_NAMES ? length : `${MAX_NAMES}+` });
    this.#showNames();
  }

  #markUnknown() {
    this.#details.open = false;
    this.#details.classList.add("unknown");
  }

  #close() {
    this.#details.open = false;
    this.#summary.focus();
  }

  #showNames() {
    if (this.#details.open) this.#names.replaceChildren(...this.#sorted().map((member) => this.#item(member)));
  }

  // This person first, then by name.
  #sorted() {
    const isMe = ({ key }) => Number(key === this.#state.me.key);
    return [...(this.#state.online ?? [])].sort((a, b) => isMe(b) - isMe(a) || a.name.localeCompare(b.name));
  }

  #item({ key, name, guest }) {
    const item = element("li");
    const bold = element("b", name);
    bold.dir = "auto";
    const notes = [key === this.#state.me.key && t("you"), guest && t("guest")].filter(Boolean);
    item.append(bold, notes.length > 0 ? ` ${notes.join(", ")}` : "");
    return item;
  }
}
