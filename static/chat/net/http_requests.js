import { t } from "../../shared/translations.js";
import { commandAnswer, headsFrame, lossOf } from "./http_frames.js";

/** @import { Frame } from "../state/types.js" */
/** @import { Command, Loss, RoomEndpoint, TransportListener } from "./types.js" */

const POSTED = new Set(["say", "edit", "delete", "read"]);
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;

function csrfToken() {
  return /(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? "";
}

/** @param {Response} response */
async function jsonOrNull(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/** Sends the commands of a page over HTTP, and reads the log. */
export class HttpRequests {
  #room;
  #url;
  #memberKey;
  #listener;
  #abort = new AbortController();

  /** @param {RoomEndpoint} endpoint @param {TransportListener} listener */
  constructor({ room, entries, memberKey }, listener) {
    this.#room = room;
    this.#url = entries;
    this.#memberKey = memberKey;
    this.#listener = listener;
  }

  get isClosed() {
    return this.#abort.signal.aborted;
  }

  close() {
    this.#abort.abort();
  }

  /**
   * What follows a cursor.
   * @param {string | null | undefined} cursor
   * @param {number} wait in seconds
   * @returns {Promise<{ answer: any, loss?: undefined } | { loss: Loss, answer?: undefined }>}
   */
  async poll(cursor, wait = 0) {
    const [status, body] = await this.#fetch({ ...(cursor && { cursor }), ...(wait && { wait }) });
    return status === 200 && body ? { answer: body } : { loss: lossOf(status, body) };
  }

  /** Drops the commands that have no use over HTTP: typing, leave, pong. @param {Command} command */
  send(command) {
    if (POSTED.has(command.type)) this.#post(command);
    if (command.type === "history") this.#history(command);
    if (command.type === "ping") this.#ping(command);
    return true;
  }

  /** @param {Command} command */
  async #post(command) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken() };
    const [status, body] = await this.#fetch({}, { method: "POST", headers, body: JSON.stringify(command) });
    if (status === UNAUTHORIZED && !this.isClosed) return this.#listener.onLost(lossOf(status, body));
    const frame = commandAnswer(this.#room, command, body);
    // The CSRF token was refused. Loading the page sets the cookie with a new one.
    if (status === FORBIDDEN && frame !== body) await fetch(location.pathname);
    return this.#receive(frame);
  }

  /** @param {Command} command */
  async #history({ before, limit }) {
    const [, body] = await this.#fetch({ before, limit });
    const unreachable = { type: "error", code: "internal", message: t("unreachable") };
    this.#receive(body?.type ? body : unreachable);
  }

  /** @param {Command} command */
  async #ping({ ts, cursor }) {
    const [status, body] = await this.#fetch({ ...(cursor && { cursor }) });
    if (status !== 200 || !body) return;
    this.#receive({ type: "pong", ts });
    this.#receive(headsFrame(this.#room, body));
  }

  /**
   * `as` names the person that the page shows: after a login or logout in another tab the server refuses.
   * @param {Record<string, any>} query
   * @param {RequestInit} options
   * @returns {Promise<[number, any]>} status and body; 0 without an answer
   */
  async #fetch(query, options = {}) {
    try {
      const url = `${this.#url}?${new URLSearchParams({ ...query, as: this.#memberKey() })}`;
      const response = await fetch(url, { ...options, cache: "no-store", signal: this.#abort.signal });
      return [response.status, await jsonOrNull(response)];
    } catch {
      return [0, null]; // no network, or closed by now
    }
  }

  /** @param {Frame} frame */
  #receive(frame) {
    if (!this.isClosed) this.#listener.onFrame(frame);
  }
}
