import { byId } from "../../shared/dom.js";
import { t } from "../../shared/translations.js";
import { firstLine } from "../state/message.js";

const NEW_MESSAGE = { type: "say" };

/** What the composer is used for: a new message, a reply or an edit. A bar above it says so. */
export class ComposeMode {
  #store;
  #composer;
  #mode = NEW_MESSAGE;
  /** The text and the mode from before an edit. @type {any} */
  #previous = null;

  constructor(composer, store) {
    this.#composer = composer;
    this.#store = store;
    composer.onSubmit = (body) => this.#submit(body);
    byId("compose-cancel").addEventListener("click", () => this.cancel());
    byId("composer").addEventListener("keydown", (event) => this.#keyPressed(event));
    store.subscribe({
      log: () => this.#messageChanged(),
      editAgain: ({ seq, body }) => this.edit(seq, body),
    });
  }

  reply(seq) {
    this.#stopEditing();
    this.#setMode({ type: "reply", entry: this.#store.state.message(seq) });
    this.#composer.focus();
  }

  edit(seq, body = this.#store.state.message(seq)?.body) {
    const entry = this.#store.state.message(seq);
    if (!entry) return;
    this.#stopEditing();
    this.#previous = { text: this.#composer.text, mode: this.#mode };
    this.#setMode({ type: "edit", entry });
    this.#composer.setText(body);
    this.#composer.focus();
  }

  cancel() {
    if (this.#mode.type === "edit") this.#stopEditing();
    else this.#setMode(NEW_MESSAGE);
    this.#composer.focus();
  }

  /** Returns the text that stands in the composer afterwards. */
  #submit(body) {
    const { type, entry } = this.#mode;
    if (type === "edit") return this.#saveEdit(entry, body);
    if (body.trim() === "") return body;
    this.#setMode(NEW_MESSAGE);
    this.#store.dispatch({ type: "say", body, replyTo: entry?.seq });
    return "";
  }

  /** The bar shows the quoted message as it is now. */
  #messageChanged() {
    if (this.#mode.type !== "reply") return;
    const entry = this.#store.state.message(this.#mode.entry.seq);
    if (entry) this.#setMode({ type: "reply", entry });
  }

  #keyPressed(event) {
    if (event.isComposing) return;
    if (event.key === "Escape" && this.#mode !== NEW_MESSAGE) this.cancel();
    if (event.key === "ArrowUp" && this.#mode === NEW_MESSAGE && this.#composer.text === "") this.#editLast(event);
  }

  #editLast(event) {
    const message = this.#store.state.lastOwnMessage();
    if (!message) return;
    event.preventDefault();
    this.edit(message.seq);
  }

  #saveEdit(entry, body) {
    const { text } = this.#previous;
    this.#leaveEdit();
    if (body.trim() !== "" && body !== entry.body) this.#store.dispatch({ type: "edit", ref: entry.seq, body });
    return text;
  }

  #stopEditing() {
    if (this.#mode.type !== "edit") return;
    const { text } = this.#previous;
    this.#leaveEdit();
    this.#composer.setText(text);
  }

  #leaveEdit() {
    this.#setMode(this.#previous.mode);
    this.#previous = null;
  }

  #setMode(mode) {
    this.#mode = mode;
    byId("composer").dataset.mode = mode.type;
    byId("compose-mode").hidden = mode === NEW_MESSAGE;
    byId("send").textContent = t(mode.type === "edit" ? "save" : "send");
    if (mode !== NEW_MESSAGE) this.#describe(mode);
  }

  #describe({ type, entry }) {
    const isOwn = entry.author.key === this.#store.state.me.key;
    const key = type === "edit" && !isOwn ? "edit-other" : type;
    byId("compose-title").textContent = t(`compose-${key}`, { name: entry.author.name });
    const quoted = entry.deleted ? t("deleted") : firstLine(entry.body);
    byId("compose-quote").textContent = type === "edit" ? "" : quoted;
  }
}
