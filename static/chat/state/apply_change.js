// An entry as an edit or a delete leaves it.
export function folded(entry, { kind, body, at }) {
  return kind === "delete" ? { ...entry, body: "", deleted: true } : { ...entry, body, edited_at: at };
}
