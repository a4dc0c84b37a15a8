import { word } from "../../shared/translations.js";
import { TypingPace, Typists } from "../state/typing_tracker.js";

function sentence([one, two, ...more]) {
  if (one === undefined) return "";
  if (more.length > 0) return word("typing-several");
  return two === undefined ? word("typing-one", { one }) : word("typing-two", { one, two });
}

// The line that says who is typing. It is no live region: nobody wants to hear it all the time.
export class Typing {
  #line;
  #typists = new Typists();
  #pace = new TypingPace();
  #timer = null;

  constructor(line, field, send) {
    this.#line = line;
    field.addEventListener("input", () => {
      if (field.value.trim() !== "" && this.#pace.due(Date.now())) send({ type: "typing" });
    });
  }

  heard({ member }) {
    this.#typists.heard(member, Date.now());
    this.#write();
  }

  spoke(entries) {
    for (const { author } of entries) this.#typists.spoke(author.key);
    this.#write();
  }

  sent() {
    this.#pace.ended();
  }

  lost() {
    this.#typists.clear();
    this.#write();
  }

  #write() {
    clearTimeout(this.#timer);
    this.#line.textContent = sentence(this.#typists.names(Date.now()));
    const { ends } = this.#typists;
    if (ends !== null) this.#timer = setTimeout(() => this.#write(), ends - Date.now());
  }
}
