// Types only; the frames and entries themselves are specified in docs/protocol.md.

/**
 * @typedef {{ key: string, name: string, guest?: boolean }} Member
 *
 * @typedef {object} Entry An entry of a room's log: a message, or a change of one (`ref`).
 * @property {number} seq
 * @property {string} kind "say", "edit" or "delete"
 * @property {string} body
 * @property {Member} author
 * @property {string} at ISO 8601
 * @property {string} [cid] the client id of the command that made it
 * @property {number} [ref] the seq of the message that is changed
 * @property {number} [reply_to] the seq of the message that is quoted
 * @property {string} [edited_at]
 * @property {boolean} [deleted]
 * @property {boolean} [saving] a change of it is being sent
 * @property {{ cid: string, code: string }} [refusedChange] a change of it was refused
 *
 * @typedef {object} OutboxItem A command that is not in the log yet.
 * @property {string} key its place in the order of time
 * @property {string} cid
 * @property {"say" | "edit" | "delete"} type
 * @property {string} at ISO 8601
 * @property {string} [body]
 * @property {number} [ref]
 * @property {number} [reply_to]
 * @property {string} [refused] the error code of a refusal
 * @property {number} [seq] the place in the log, once it is acknowledged
 *
 * @typedef {Record<string, any> & { type: string }} Frame
 */

export {};
