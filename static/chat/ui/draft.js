import { getItem, removeItem, setItem } from "../../shared/storage.js";

/** Stores the unsent text of the composer for this person and room, and restores it once. */
export function storeDraft(field, memberKey, room) {
  const key = `twinstream:draft:${memberKey}:${room}`;
  const draft = getItem(key);
  if (draft && field.value === "") {
    field.value = draft;
    // As if it were typed: the height of the field and the counter follow.
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  field.addEventListener("input", () => {
    // The text of an edit is not a draft of a new message.
    if (field.form.dataset.mode === "edit") return;
    if (field.value === "") removeItem(key);
    else setItem(key, field.value);
  });
}
