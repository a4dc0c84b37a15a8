// What a member may do with a message, as far as the page knows; the server decides.
export function rights(entry, me, moderator) {
  if (!entry || entry.deleted) return [];
  return moderator || entry.author.key === me ? ["reply", "edit", "delete"] : ["reply"];
}
