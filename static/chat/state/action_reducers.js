// What the state becomes by what this person, this page and its other tabs do.

import { logChange } from "./log_change.js";
import { switchMember } from "./member.js";
import { discardItem, removeItem, showItems } from "./unsent_items.js";

/** @import { RoomState } from "./room_state.js" */
/** @import { Reducer } from "../../shared/store.js" */

// A page that stays open for a week must not keep the messages of a week.
const MAX_ROWS = 500;

/** @type {Record<string, Reducer<RoomState>>} */
export const actionReducers = {
  "connection-changed"(state, { connection }) {
    state.connection = connection;
    state.stats.connectionChanged(connection);
    if (connection.name === "connected") return { connection };
    state.isLoadingHistory = false;
    state.typing.clear();
    return { connection, typing: true };
  },

  "member-renamed"(state, { member }) {
    return switchMember(state, member);
  },

  // ---- Messages and changes of this person ----

  say(state, { body, replyTo }) {
    const item = state.outbox.add({ type: "say", body, ...(replyTo && { reply_to: replyTo }) });
    // An answer shows that the rest has been read.
    state.divider.close();
    return { log: logChange({ items: [item] }), outbox: true, said: true };
  },

  edit(state, { ref, body }) {
    return change(state, { type: "edit", ref, body });
  },

  delete(state, { ref }) {
    return change(state, { type: "delete", ref });
  },

  // An edit that was refused for its words is refused again: they go back to the composer.
  retry(state, { cid }) {
    const refused = state.pendingChanges.get(cid);
    if (refused?.body && ["too_long", "bad_frame"].includes(refused.refused ?? "")) {
      return { ...discardItem(state, cid), editAgain: { seq: refused.ref, body: refused.body } };
    }
    const hidden = removeItem(state, cid);
    const item = state.outbox.retry(cid);
    const shown = showItems(state, item ? [item] : []);
    return { log: logChange({ ...hidden, items: shown.items, rows: [...hidden.rows, ...shown.rows] }), outbox: true };
  },

  discard(state, { cid }) {
    return discardItem(state, cid);
  },

  // ---- The outbox ----

  restore(state) {
    return { log: logChange(showItems(state, state.outbox.items)) };
  },

  "item-saved-elsewhere"(state, { item }) {
    state.outbox.merge(item);
    return { log: logChange(showItems(state, [item])), outbox: true };
  },

  "item-removed-elsewhere"(state, { key }) {
    const item = state.outbox.removeByKey(key);
    return { log: item ? logChange(removeItem(state, item.cid)) : undefined, outbox: true };
  },

  // ---- The log ----

  // One page at a time.
  "load-older"(state) {
    const { log, isLoadingHistory, connection } = state;
    if (!log.hasMore || isLoadingHistory || connection.name !== "connected") return {};
    state.isLoadingHistory = true;
    return { loadHistory: log.first, history: true };
  },

  "quote-loaded"(_state, { seq }) {
    return { log: logChange({ quotes: [seq] }) };
  },

  trim(state) {
    const droppedBefore = state.log.trim(MAX_ROWS);
    return { log: droppedBefore === null ? undefined : logChange({ droppedBefore }), history: true };
  },

  // The newest message is in sight.
  seen({ readPosition, log }) {
    readPosition.advance(log.last);
    return { unread: true };
  },
};

/** @param {RoomState} state @param {{ type: "edit" | "delete", ref: number, body?: string }} command */
function change(state, command) {
  const { refusedChange } = state.message(command.ref) ?? {};
  const removed = refusedChange ? discardItem(state, refusedChange.cid).log.rows : [];
  const item = state.outbox.add(command);
  const { rows } = showItems(state, [item]);
  return { log: logChange({ rows: [...removed, ...rows] }), outbox: true };
}
