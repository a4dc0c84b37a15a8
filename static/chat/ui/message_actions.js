import { cloneTemplate } from "../../shared/dom.js";

const ACTIONS = ["reply", "edit", "delete"];

/** What can be done with a message: one row of buttons, in the message that has the pointer or the focus. */
export class MessageActions {
  #bar;
  #getAllowed;
  #onChoose;
  /** The row that shows the buttons, or null. @type {any} */
  #row = null;

  /** `getAllowed(seq)` returns which of the actions; `onChoose(action, seq)` executes one. */
  constructor(list, template, { getAllowed, onChoose }) {
    this.#bar = cloneTemplate(template);
    this.#getAllowed = getAllowed;
    this.#onChoose = onChoose;
    list.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#open(event.target));
    list.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.#pointerLeft());
    list.addEventListener("focusin", ({ target }) => this.#open(target));
    list.addEventListener("focusout", ({ relatedTarget }) => this.#row?.contains(relatedTarget) || this.#close());
    list.addEventListener("click", ({ target }) => this.#clicked(target));
    this.#bar.addEventListener("keydown", (event) => this.#keyPressed(event));
  }

  #clicked(target) {
    const button = target.closest("button");
    if (!button) return this.#open(target);
    if (this.#bar.contains(button)) this.#choose(button.dataset.action);
  }

  #choose(action) {
    if (action === "delete" || action === "keep") return this.#askToConfirm(action === "delete");
    const row = this.#row;
    this.#close();
    if (action === "confirm-delete") row.focus();
    this.#onChoose(action === "confirm-delete" ? "delete" : action, Number(row.dataset.seq));
  }

  #keyPressed(event) {
    if (event.key !== "Escape" || !this.#isConfirming) return;
    event.stopPropagation();
    this.#askToConfirm(false);
  }

  get #isConfirming() {
    return this.#bar.classList.contains("confirming");
  }

  // "Keep" has the focus first: an accidental Enter must not delete.
  #askToConfirm(isConfirming) {
    this.#showConfirmation(isConfirming);
    this.#bar.querySelector(`[data-action="${isConfirming ? "keep" : "delete"}"]`).focus();
  }

  #showConfirmation(isConfirming) {
    this.#bar.classList.toggle("confirming", isConfirming);
    this.#bar.querySelector(".choices").hidden = isConfirming;
    this.#bar.querySelector(".question").hidden = !isConfirming;
  }

  #open(target) {
    const row = target.closest(".row[data-seq]");
    // An open question must not move away from the pointer or the focus.
    if (!row || row === this.#row || (this.#isConfirming && this.#bar.contains(document.activeElement))) return;
    const allowed = this.#getAllowed(Number(row.dataset.seq));
    this.#close();
    if (allowed.length === 0) return;
    for (const action of ACTIONS) {
      this.#bar.querySelector(`[data-action="${action}"]`).hidden = !allowed.includes(action);
    }
    row.querySelector(".message").append(this.#bar);
    this.#row = row;
  }

  #pointerLeft() {
    if (!this.#row?.contains(document.activeElement)) this.#close();
  }

  #close() {
    // Removing the focused element fires focusout, which would call this again.
    if (this.#row === null) return;
    this.#row = null;
    this.#showConfirmation(false);
    this.#bar.remove();
  }
}
