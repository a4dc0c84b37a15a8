import { word } from "../../shared/translations.js";
import { firstLine } from "../state/first_line.js";

const at = (id) => document.getElementById(id);
const NOTHING = { type: "say" };

// What the composer is for just now: a new message, an answer to one, or other words for one's own. A bar above it says so.
export class Purpose {
  #composer;
  #do;
  #aim = NOTHING;
  #before = null;

  // `say(body, seq?)` and `edit(seq, body)` do it; `last()` is what ArrowUp edits, `mine(entry)` one's own.
  constructor(composer, actions) {
    this.#composer = composer;
    this.#do = actions;
    at("purpose-cancel").addEventListener("click", () => this.cancel());
    at("composer").addEventListener("keydown", (event) => this.#key(event));
  }

  // Answers what stands in the composer afterwards.
  submit(body) {
    const { type, entry } = this.#aim;
    if (type === "edit") return this.#save(entry, body);
    if (body.trim() === "") return body;
    this.#aimAt(NOTHING);
    this.#do.say(body, entry?.seq);
    return "";
  }

  reply(entry) {
    this.#stopEditing();
    this.#aimAt({ type: "reply", entry });
    this.#composer.focus();
  }

  edit(entry, body = entry.body) {
    this.#stopEditing();
    this.#before = { text: this.#composer.text, aim: this.#aim };
    this.#aimAt({ type: "edit", entry });
    this.#composer.put(body);
    this.#composer.focus();
  }

  cancel() {
    if (this.#aim.type === "edit") this.#stopEditing();
    else this.#aimAt(NOTHING);
    this.#composer.focus();
  }

  // The message has changed since.
  changed(entry) {
    if (this.#aim.type === "reply" && this.#aim.entry.seq === entry.seq) this.#aimAt({ type: "reply", entry });
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape" && this.#aim !== NOTHING) this.cancel();
    if (event.key === "ArrowUp" && this.#aim === NOTHING && this.#composer.text === "") this.#editLast(event);
  }

  #editLast(event) {
    const entry = this.#do.last();
    if (!entry) return;
    event.preventDefault();
    this.edit(entry);
  }

  #save(entry, body) {
    const { text } = this.#before;
    this.#leaveEdit();
    if (body.trim() !== "" && body !== entry.body) this.#do.edit(entry.seq, body);
    return text;
  }

  #stopEditing() {
    if (this.#aim.type !== "edit") return;
    const { text } = this.#before;
    this.#leaveEdit();
    this.#composer.put(text);
  }

  #leaveEdit() {
    this.#aimAt(this.#before.aim);
    this.#before = null;
  }

  #aimAt(aim) {
    this.#aim = aim;
    at("composer").dataset.purpose = aim.type;
    at("purpose").hidden = aim === NOTHING;
    at("send").textContent = word(aim.type === "edit" ? "save" : "send");
    if (aim !== NOTHING) this.#describe(aim);
  }

  #describe({ type, entry }) {
    const what = type === "edit" && !this.#do.mine(entry) ? "edit-other" : type;
    at("purpose-what").textContent = word(`purpose-${what}`, { name: entry.author.name });
    at("purpose-line").textContent = type === "edit" ? "" : entry.deleted ? word("deleted") : firstLine(entry.body);
  }
}
