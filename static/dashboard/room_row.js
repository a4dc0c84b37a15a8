import { word } from "../shared/translations.js";
import { Closing } from "./close_button.js";
import { present, rate, thousands, total } from "./format.js";
import { element, setText, tableRow } from "./table_rows.js";
import { counted } from "./worker_row.js";

const TAPS = ["json", "plain", "stream", "poll"];

function person({ name, guest }) {
  const item = element("li", name);
  if (guest) item.append(" ", element("span", word("guest"), "quiet"));
  return item;
}

export class RoomRow {
  #cells;
  #link = element("a");
  #private = element("span", word("private"), "tag");
  #online = element("details");
  #summary = element("summary");
  #people = element("ul");
  #shown = "";
  #closing = null;
  #paths;

  constructor(labels, paths, close) {
    this.#paths = paths;
    this.element = tableRow(labels);
    const [name, ...cells] = this.element.cells;
    name.append(this.#link, " ", this.#private);
    this.#cells = cells;
    this.#online.append(this.#summary, this.#people);
    if (close) {
      this.#closing = new Closing(close);
      cells[4].append(this.#closing.element);
    }
  }

  show(room) {
    setText(this.#link, room.name);
    this.#link.href = `${this.#paths.rooms}${room.slug}/`;
    this.#private.hidden = room.is_public;
    const [head, perMinute, readers, online] = this.#cells;
    setText(head, thousands(room.head));
    setText(perMinute, rate(room.per_minute));
    setText(readers, counted(present(room.taps, TAPS)));
    this.#showOnline(online, room);
    this.#closing?.show(room, total(room.taps));
  }

  // What is open stays open, and what is selected selected, as long as the same people are there.
  #showOnline(cell, { online, crowded }) {
    const now = JSON.stringify(online);
    if (this.#shown === now) return;
    this.#shown = now;
    const count = thousands(online.length);
    setText(this.#summary, crowded ? word("at-least", { count }) : count);
    this.#people.replaceChildren(...online.map(person));
    if (online.length === 0) cell.replaceChildren(word("none"));
    else if (this.#online.parentNode !== cell) cell.replaceChildren(this.#online);
  }
}
