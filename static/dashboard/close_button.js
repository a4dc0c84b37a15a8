import { word } from "../shared/translations.js";
import { thousands } from "./format.js";
import { element, setText } from "./table_rows.js";

function button(name, act) {
  const made = element("button", word(name), "button");
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

// Asks before it closes a room's connections.
export class Closing {
  #close;
  #room = null;
  #ask = button("close", () => this.#question(true));
  #asked = element("span", "", "question");
  #text = element("span");
  #no = button("no", () => this.#question(false));

  constructor(close) {
    this.#close = close;
    this.#asked.append(this.#text, button("yes", () => this.#confirmed()), this.#no);
    this.#asked.addEventListener("keydown", ({ key }) => key === "Escape" && this.#question(false));
    this.element = element("div", "", "closing");
    this.element.append(this.#ask, this.#asked);
    this.#asked.hidden = true;
  }

  show(room, count) {
    this.#room = room;
    this.#ask.disabled = count === 0;
    setText(this.#text, word("sure", { count: thousands(count) }));
  }

  #question(open) {
    this.#asked.hidden = !open;
    this.#ask.hidden = open;
    (open ? this.#no : this.#ask).focus();
  }

  #confirmed() {
    this.#question(false);
    this.#close(this.#room);
  }
}
