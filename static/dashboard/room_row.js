import { element, setText } from "../shared/dom.js";
import { t } from "../shared/translations.js";
import { CloseButton } from "./close_button.js";
import { formatRate, formatThousands, nonZeroCounts, sumCounts } from "./format.js";
import { tableRow } from "./table_rows.js";
import { joinCounts } from "./worker_row.js";

const TRANSPORTS = ["json", "plain", "stream", "poll"];

function memberItem({ name, guest }) {
  const item = element("li", name);
  if (guest) item.append(" ", element("span", t("guest"), "muted"));
  return item;
}

export class RoomRow {
  #cells;
  #link = element("a");
  #private = element("span", t("private"), "tag");
  #details = element("details");
  #summary = element("summary");
  #members = element("ul");
  #shownMembers = "";
  /** @type {CloseButton | null} */
  #closeButton = null;
  #roomsUrl;

  constructor(labels, { roomsUrl, onClose }) {
    this.#roomsUrl = roomsUrl;
    this.element = tableRow(labels);
    const [name, ...cells] = this.element.cells;
    name.append(this.#link, " ", this.#private);
    this.#cells = cells;
    this.#details.append(this.#summary, this.#members);
    if (onClose) {
      const closeButton = new CloseButton(onClose);
      this.#closeButton = closeButton;
      cells[4].append(closeButton.element);
    }
  }

  show(room) {
    setText(this.#link, room.name);
    this.#link.href = `${this.#roomsUrl}${room.slug}/`;
    this.#private.hidden = room.is_public;
    const [head, perMinute, readers, online] = this.#cells;
    setText(head, formatThousands(room.head));
    setText(perMinute, formatRate(room.per_minute) ?? "");
    setText(readers, joinCounts(nonZeroCounts(room.taps, TRANSPORTS)));
    this.#showOnline(online, room);
    this.#closeButton?.show(room, sumCounts(room.taps));
  }

  // Draws nothing while the same people are online: the list stays open, and a selection in it survives.
  #showOnline(cell, { online, crowded }) {
    const members = JSON.stringify(online);
    if (this.#shownMembers === members) return;
    this.#shownMembers = members;
    const count = formatThousands(online.length);
    setText(this.#summary, crowded ? t("at-least", { count }) : count);
    this.#members.replaceChildren(...online.map(memberItem));
    if (online.length === 0) cell.replaceChildren(t("none"));
    else if (this.#details.parentNode !== cell) cell.replaceChildren(this.#details);
  }
}
