const NAMES = ["reply", "edit", "delete"];

// What can be done with a message: one row of buttons, in the message that is pointed at, touched or has the focus.
export class Actions {
  #bar;
  #allowed;
  #chosen;
  #row = null;

  // `allowed(seq)` answers which of the names; `chosen(name, seq)` does it.
  constructor(list, template, { allowed, chosen }) {
    this.#bar = template.content.firstElementChild.cloneNode(true);
    this.#allowed = allowed;
    this.#chosen = chosen;
    list.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#offer(event.target));
    list.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.#leave());
    list.addEventListener("focusin", ({ target }) => this.#offer(target));
    list.addEventListener("focusout", ({ relatedTarget }) => this.#row?.contains(relatedTarget) || this.#close());
    list.addEventListener("click", ({ target }) => this.#touch(target));
    this.#bar.addEventListener("keydown", (event) => this.#key(event));
  }

  #touch(target) {
    const button = target.closest("button");
    if (!button) return this.#offer(target);
    return this.#bar.contains(button) && this.#press(button.dataset.action);
  }

  #press(name) {
    if (name === "delete" || name === "keep") return this.#ask(name === "delete");
    const seq = Number(this.#row.dataset.seq);
    const row = this.#row;
    this.#close();
    if (name === "sure") row.focus();
    return this.#chosen(name === "sure" ? "delete" : name, seq);
  }

  #key(event) {
    if (event.key !== "Escape" || !this.#asking) return;
    event.stopPropagation();
    this.#ask(false);
  }

  get #asking() {
    return this.#bar.classList.contains("asking");
  }

  // Keep has the focus first: an Enter too many must not delete.
  #ask(asking) {
    this.#turn(asking);
    this.#bar.querySelector(`[data-action="${asking ? "keep" : "delete"}"]`).focus();
  }

  #turn(asking) {
    this.#bar.classList.toggle("asking", asking);
    this.#bar.querySelector(".offer").hidden = asking;
    this.#bar.querySelector(".question").hidden = !asking;
  }

  #offer(target) {
    const row = target.closest(".row[data-seq]");
    // A question that was asked stays where the answer is expected.
    if (!row || row === this.#row || (this.#asking && this.#bar.contains(document.activeElement))) return;
    const allowed = this.#allowed(Number(row.dataset.seq));
    this.#close();
    if (allowed.length === 0) return;
    for (const name of NAMES) this.#bar.querySelector(`[data-action="${name}"]`).hidden = !allowed.includes(name);
    row.querySelector(".message").append(this.#bar);
    this.#row = row;
  }

  #leave() {
    if (!this.#row?.contains(document.activeElement)) this.#close();
  }

  #close() {
    // Removing what has the focus makes a focusout, which would come here again.
    if (this.#row === null) return;
    this.#row = null;
    this.#turn(false);
    this.#bar.remove();
  }
}
