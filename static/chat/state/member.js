import { logChange } from "./log_change.js";

/** @import { LogChange } from "./log_change.js" */
/** @import { Member, OutboxItem } from "./types.js" */
/** @import { RoomState } from "./room_state.js" */

/**
 * Another person gets another outbox. A guest whose cookie is not stored gets a new key with each connection, and
 * stays the same person.
 * @param {RoomState} state
 * @param {Member} member
 */
export function switchMember(state, member) {
  const isGuestAgain = member.guest && state.me.key.startsWith("g-");
  const isSame = member.key === state.me.key || isGuestAgain;
  state.me = member;
  if (isSame) return { member: true };
  const removedItems = state.outbox.items.map(({ cid }) => cid);
  const rows = removedItems.flatMap((cid) => state.pendingChanges.remove(cid)?.ref ?? []);
  state.outboxOwner = member.key;
  state.outbox.switchStorage(state.storageFor(member.key));
  const restored = showItems(state, state.outbox.items);
  return {
    member: true,
    log: logChange({ ...restored, removedItems, rows: [...rows, ...restored.rows] }),
    outbox: true,
  };
}

/**
 * An unsent message is a row of its own; an unsent change is drawn over the row of its message.
 * @param {RoomState} state
 * @param {OutboxItem[]} items
 * @returns {Pick<LogChange, "items" | "rows">}
 */
export function showItems(state, items) {
  const changes = items.filter(({ type }) => type !== "say");
  for (const item of changes) state.pendingChanges.add(item);
  return {
    items: items.filter(({ type }) => type === "say"),
    rows: changes.map(({ ref }) => /** @type {number} */ (ref)),
  };
}
