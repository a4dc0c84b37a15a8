import { element, setText } from "../shared/dom.js";
import { t } from "../shared/translations.js";
import { formatThousands } from "./format.js";

function button(key, onClick) {
  const made = element("button", t(key), "button");
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

/** Closes the connections of a room, after a confirmation. */
export class CloseButton {
  #onClose;
  #room = null;
  #open = button("close", () => this.#showQuestion(true));
  #question = element("span", "", "question");
  #text = element("span");
  #cancel = button("cancel-close", () => this.#showQuestion(false));

  constructor(onClose) {
    this.#onClose = onClose;
    this.#question.append(
      this.#text,
      button("confirm-close", () => this.#confirmed()),
      this.#cancel,
    );
    this.#question.addEventListener("keydown", ({ key }) => key === "Escape" && this.#showQuestion(false));
    this.element = element("div", "", "close-button");
    this.element.append(this.#open, this.#question);
    this.#question.hidden = true;
  }

  show(room, count) {
    this.#room = room;
    this.#open.disabled = count === 0;
    setText(this.#text, t("close-question", { count: formatThousands(count) }));
  }

  #showQuestion(isShown) {
    this.#question.hidden = !isShown;
    this.#open.hidden = isShown;
    (isShown ? this.#cancel : this.#open).focus();
  }

  #confirmed() {
    this.#showQuestion(false);
    this.#onClose(this.#room);
  }
}
