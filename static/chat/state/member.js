import { logChange } from "./log_change.js";
import { showItems } from "./unsent_items.js";

/** @import { Member } from "./types.js" */
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
