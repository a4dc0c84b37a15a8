import { forget, keep, kept } from "../../shared/storage.js";

// What is being written, kept for this person and room until it is sent.
export class Draft {
  #field;
  #key;

  constructor(field, member, room) {
    this.#field = field;
    this.#key = `twinstream:draft:${member}:${room}`;
    this.#restore();
    field.addEventListener("input", () => this.keep());
  }

  keep() {
    const { value, form } = this.#field;
    // Other words for a message that is sent: no draft of a new one.
    if (form.dataset.purpose === "edit") return;
    if (value === "") forget(this.#key);
    else keep(this.#key, value);
  }

  // Said to the field as if it were typed, so that its height and count follow.
  #restore() {
    const draft = kept(this.#key);
    if (!draft || this.#field.value !== "") return;
    this.#field.value = draft;
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
