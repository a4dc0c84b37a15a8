/** @import { Entry } from "./types.js" */

/**
 * The entry after an edit or a deletion.
 * @param {Entry} entry
 * @param {{ kind: string, body?: string, at?: string }} change
 * @returns {Entry}
 */
export function applyChange(entry, { kind, body, at }) {
  return kind === "delete" ? { ...entry, body: "", deleted: true } : { ...entry, body: body ?? "", edited_at: at };
}

/**
 * What a member may do with a message, as far as the page knows. The server decides.
 * @param {Entry | undefined} entry
 * @param {string} myKey
 * @param {boolean} isModerator
 */
export function permissions(entry, myKey, isModerator) {
  if (!entry || entry.deleted) return [];
  return isModerator || entry.author.key === myKey ? ["reply", "edit", "delete"] : ["reply"];
}

/** @param {string} body */
export function firstLine(body) {
  return body.trim().split("\n", 1)[0];
}
