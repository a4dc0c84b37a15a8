// What the state becomes by the frames of the server (docs/protocol.md).

import { logChange } from "./log_change.js";
import { switchMember } from "./member.js";
import { isFinalError } from "./outbox.js";
import { discardItem } from "./unsent_items.js";

/** @import { Entry, Frame } from "./types.js" */
/** @import { RoomState } from "./room_state.js" */
/** @import { Reducer } from "../../shared/store.js" */

const RETRY_MS = 1_000;
// Errors of a room that the page can no longer be in, and the close code that says the same.
/** @type {Record<string, number>} */
const CLOSE_CODES = { forbidden: 4403, not_found: 4404, gone: 4404 };

/** @type {Record<string, Reducer<RoomState>>} */
export const frameReducers = {
  // Over HTTP the frame does not say who we are: the page knew when it was loaded.
  welcome(state, { member = state.me, limits = {} }) {
    state.notice = null;
    state.limits = limits;
    return { ...switchMember(state, member), notice: true, limits: true, welcomed: true };
  },

  joined(state, frame) {
    const { log, pendingChanges, quotes } = state;
    const last = log.cursor === null ? null : log.last;
    const result = log.joined(frame);
    const { isNewLog, gap } = result;
    state.stats.joined(frame, last, result);
    state.online = frame.online;
    state.isLoadingHistory = false;
    if (state.notice?.about === "room") state.notice = null;
    if (isNewLog) state.appliedUpTo = log.last;
    if (isNewLog || gap) quotes.clear();
    quotes.retryFailed();
    joinReadPosition(state, frame, isNewLog);
    return {
      log: logChange({
        reset: isNewLog ? "new-log" : gap && "gap",
        resetAfter: gap ? gap.after : log.last,
        rows: pendingChanges.settleUpTo(log.last),
        // Where entries were skipped, changes of quoted messages may have been missed.
        allQuotes: gap !== null,
      }),
      online: true,
      notice: true,
      history: true,
      unread: true,
      joined: true,
    };
  },

  events(state, { events, cursor }) {
    const { log } = state;
    const result = log.append(events, cursor);
    state.stats.appended(result, log.last);
    for (const { author } of events) state.typing.remove(author.key);
    const changed = applyChanges(state, events);
    state.divider.update(log.entries(), state.me.key);
    return {
      log: logChange({
        rows: unique(
          [...result.added, ...result.changed].map(({ seq }) => seq),
          changed,
          state.pendingChanges.settleUpTo(log.last),
        ),
        quotes: changed,
        added: result.added.length,
        source: "events",
      }),
      typing: true,
      history: true,
      unread: true,
      arrived: true,
      outbox: settleAll(state, events),
      hole: result.hasHole || undefined,
    };
  },

  page(state, frame) {
    const result = state.log.prepend(frame);
    state.stats.prepended(result);
    state.isLoadingHistory = false;
    state.divider.update(state.log.entries(), state.me.key);
    return {
      log: logChange({
        rows: result.added.map(({ seq }) => seq),
        source: "history",
        isGapClosed: result.closedGap !== null,
      }),
      history: true,
      unread: true,
      outbox: settleAll(state, result.added),
    };
  },

  ack(state, { cid, seq }) {
    const { pendingChanges, outbox } = state;
    const change = pendingChanges.get(cid);
    pendingChanges.acknowledge(cid, seq);
    pendingChanges.settleUpTo(state.log.last);
    outbox.settle(cid);
    const fields = change ? { rows: [/** @type {number} */ (change.ref)] } : { acknowledged: { cid, seq } };
    return { log: logChange(fields), outbox: true };
  },

  error(state, frame) {
    return frame.cid ? commandFailed(state, frame) : roomFailed(state, frame);
  },

  typing(state, { member }) {
    state.typing.add(member, state.now());
    return { typing: true };
  },

  presence(state, { online }) {
    state.online = online;
    return { online: true };
  },

  // Another tab of this person has read.
  read(state, { seq }) {
    state.readPosition.confirmed(seq);
    return { unread: true };
  },

  ping(state, { heads }) {
    const head = heads?.[state.room] ?? 0;
    state.stats.ping(head, state.now());
    return { head, stats: true };
  },

  pong(state, frame) {
    state.stats.pong(/** @type {any} */ (frame), state.now());
    return { stats: true };
  },
};

/** @param {RoomState} state @param {Frame} frame @param {boolean} isNewLog */
function joinReadPosition({ readPosition, divider }, { read, head }, isNewLog) {
  const isFirst = !readPosition.isKnown;
  if (isFirst && read) divider.open(read, head);
  if (isNewLog) divider.close();
  if (isFirst || isNewLog) readPosition.startAt(head);
  if (read) readPosition.confirmed(read);
}

/**
 * Applies the edits and deletions among new entries beyond the log itself. Returns the seqs of their messages.
 * @param {RoomState} state
 * @param {Entry[]} entries
 */
function applyChanges(state, entries) {
  const { log, quotes, pendingChanges } = state;
  const fresh = entries.filter(({ ref, seq }) => ref && seq > state.appliedUpTo && seq <= log.last);
  state.appliedUpTo = log.last;
  for (const change of fresh) {
    quotes.applyChange(change);
    pendingChanges.remove(change.cid);
  }
  return fresh.map(({ ref }) => /** @type {number} */ (ref));
}

/** @param {RoomState} state @param {Entry[]} entries */
function settleAll({ outbox }, entries) {
  const settled = entries.filter(({ cid }) => cid && outbox.settle(cid));
  return settled.length > 0 || undefined;
}

/** @param {RoomState} state @param {Frame} frame */
function commandFailed(state, { cid, code, retry_after_ms: wait = RETRY_MS }) {
  if (!isFinalError(code)) return { retryLater: wait };
  const item = state.outbox.refuse(cid, code);
  if (!item) return { outbox: true };
  if (item.type === "say") return { log: logChange({ items: [item] }), outbox: true };
  const ref = /** @type {number} */ (item.ref);
  const message = state.log.entry(ref);
  if (message && !message.deleted) {
    state.pendingChanges.refuse(cid, code);
    return { log: logChange({ rows: [ref] }), outbox: true };
  }
  // There is no row that could show the refusal.
  if (!message) state.notice = { about: "change", code };
  if (!message && item.body && code !== "not_found") {
    // The words stay: history may bring the row.
    state.pendingChanges.refuse(cid, code);
    return { notice: true, outbox: true };
  }
  return { ...discardItem(state, cid), notice: true };
}

/** @param {RoomState} state @param {Frame} frame */
function roomFailed(state, frame) {
  const { code, message: text, room } = frame;
  state.isLoadingHistory = false;
  state.notice = { about: room ? "room" : "server", code, text };
  return {
    notice: true,
    history: true,
    refused: frame,
    closed: (room && CLOSE_CODES[code]) || undefined,
  };
}

/** @param {...number[]} lists */
function unique(...lists) {
  return [...new Set(lists.flat())];
}
