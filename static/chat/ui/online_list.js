import { word } from "../../shared/translations.js";

// The server names no more than these.
const NAMED_MOST = 200;

// Who is in the room: how many, and their names when opened. Dimmed while the line is down, for then it is not known.
export class Online {
  #details;
  #count;
  #names;
  #online = [];
  #me;

  constructor(details, me) {
    this.#details = details;
    this.#count = details.querySelector("summary");
    this.#names = details.querySelector("ul");
    this.#me = me;
    details.addEventListener("toggle", () => this.#list());
    details.addEventListener("keydown", ({ key }) => key === "Escape" && this.#close());
    addEventListener("click", ({ target }) => details.contains(target) || (details.open = false));
  }

  iAm(key) {
    this.#me = key;
    this.#list();
  }

  // A tap that does not tell who is here leaves `online` out.
  show(online) {
    this.#details.hidden = online === undefined;
    this.#online = online ?? [];
    this.#details.classList.remove("unknown");
    const count = this.#online.length < NAMED_MOST ? this.#online.length : `${NAMED_MOST}+`;
    this.#count.textContent = word("online", { count });
    this.#list();
  }

  lost() {
    this.#details.open = false;
    this.#details.classList.add("unknown");
  }

  #close() {
    this.#details.open = false;
    this.#count.focus();
  }

  #list() {
    if (this.#details.open) this.#names.replaceChildren(...this.#sorted().map((member) => this.#item(member)));
  }

  // Oneself first, then by name.
  #sorted() {
    const mine = ({ key }) => Number(key === this.#me);
    return [...this.#online].sort((a, b) => mine(b) - mine(a) || a.name.localeCompare(b.name));
  }

  #item({ key, name, guest }) {
    const item = document.createElement("li");
    const known = document.createElement("b");
    known.dir = "auto";
    known.textContent = name;
    const words = [key === this.#me && word("you"), guest && word("guest")].filter(Boolean);
    item.append(known, words.length > 0 ? ` ${words.join(", ")}` : "");
    return item;
  }
}
