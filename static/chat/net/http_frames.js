// Turns the answers of the HTTP endpoints into the frames of the JSON socket.

/** @import { Frame } from "../state/types.js" */
/** @import { Command, Loss } from "./types.js" */

/** @type {Record<number, number>} */
const CLOSE_CODES = { 401: 4401, 403: 4403, 404: 4404, 410: 4404 };
const UNKNOWN_ANSWER_RETRY_MS = 1_000;

/**
 * The place before these entries; their numbers have no holes. Not known is the mark, so this cursor cannot be resumed:
 * the entries follow at once, with one that can.
 * @param {string} cursor
 * @param {unknown[]} entries
 */
function cursorBefore(cursor, entries) {
  const [, epoch, seq] = /^([^:]*):(\d+)/.exec(cursor) ?? ["", "", "0"];
  return entries.length === 0 ? cursor : `${epoch}:${Number(seq) - entries.length}`;
}

/** @param {string} room @param {any} answer @returns {Frame} */
export function joinedFrame(room, { epoch, cursor, head, reset, events }) {
  return { type: "joined", room, epoch, head, reset, cursor: cursorBefore(cursor, events) };
}

/** At most one frame: none if nothing is new. @param {string} room @param {any} answer @returns {Frame[]} */
export function eventsFrames(room, { cursor, events }) {
  return events.length === 0 ? [] : [{ type: "events", room, cursor, events }];
}

/** @param {string} room @param {any} answer @returns {Frame} */
export function headsFrame(room, { head }) {
  return { type: "ping", heads: { [room]: head } };
}

/**
 * @param {number} status 0 if there was no answer
 * @param {any} error the body
 * @returns {Loss}
 */
export function lossOf(status, error) {
  return { code: CLOSE_CODES[status], floor: error?.retry_after_ms };
}

/**
 * The frame that answers a command. An answer that neither acknowledges nor refuses this command (the page of a
 * proxy, a refused CSRF token) leaves open whether the command was executed: it has to be sent again.
 * @param {string} room
 * @param {Command} command
 * @param {any} body
 * @returns {Frame}
 */
export function commandAnswer(room, { cid }, body) {
  const isKnown = body?.type === "error" ? body.cid === cid : body?.type !== undefined;
  return isKnown ? body : { type: "error", code: "internal", room, cid, retry_after_ms: UNKNOWN_ANSWER_RETRY_MS };
}
