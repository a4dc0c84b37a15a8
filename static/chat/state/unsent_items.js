import { logChange } from "./log_change.js";

/** @import { LogChange } from "./log_change.js" */
/** @import { OutboxItem } from "./types.js" */
/** @import { RoomState } from "./room_state.js" */

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

/**
 * Gives a command up: it is neither sent nor shown any more.
 * @param {RoomState} state
 * @param {string} cid
 */
export function discardItem(state, cid) {
  state.outbox.discard(cid);
  return { log: logChange(removeItem(state, cid)), outbox: true };
}

/**
 * What has to be drawn again without the item.
 * @param {RoomState} state
 * @param {string} cid
 */
export function removeItem(state, cid) {
  const ref = state.pendingChanges.remove(cid)?.ref;
  return { removedItems: [cid], rows: ref === undefined ? [] : [ref] };
}
