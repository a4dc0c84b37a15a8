import { word } from "../../shared/translations.js";
import { answer, heads, loss } from "./http_frames.js";

const POSTED = new Set(["say", "edit", "delete", "read"]);
const NOT_YOU = 401;
const FORBIDDEN = 403;

function token() {
  return /(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? "";
}

async function json(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

// Says everything that goes up, and asks for what does not come by itself, over HTTP.
export class Requests {
  #room;
  #url;
  #me;
  #told;
  #ends = new AbortController();

  constructor({ room, entries, me }, told) {
    this.#room = room;
    this.#url = entries;
    this.#me = me;
    this.#told = told;
  }

  get closed() {
    return this.#ends.signal.aborted;
  }

  close() {
    this.#ends.abort();
  }

  // What follows a cursor: the answer, or why there is none.
  async poll(cursor, wait = 0) {
    const [status, body] = await this.#fetch({ ...(cursor && { cursor }), ...(wait && { wait }) });
    return status === 200 && body ? { answer: body } : { loss: loss(status, body) };
  }

  // What has no use over HTTP (typing, leave, pong) is dropped.
  send(command) {
    if (POSTED.has(command.type)) this.#post(command);
    if (command.type === "history") this.#history(command);
    if (command.type === "ping") this.#ping(command);
    return true;
  }

  async #post(command) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token() };
    const [status, body] = await this.#fetch({}, { method: "POST", headers, body: JSON.stringify(command) });
    if (status === NOT_YOU && !this.closed) return this.#told.lost(loss(status, body));
    const frame = answer(this.#room, command, body);
    // The page sets the cookie whose token was refused.
    if (status === FORBIDDEN && frame !== body) await fetch(location.pathname);
    return this.#tell(frame);
  }

  async #history({ before, limit }) {
    const [, body] = await this.#fetch({ before, limit });
    const unreachable = { type: "error", code: "internal", message: word("unreachable") };
    this.#tell(body?.type ? body : unreachable);
  }

  async #ping({ ts, cursor }) {
    const [status, body] = await this.#fetch({ ...(cursor && { cursor }) });
    if (status !== 200 || !body) return;
    this.#tell({ type: "pong", ts });
    this.#tell(heads(this.#room, body));
  }

  // Says for whom, so that nobody who logged in or out in another tab is taken for this person.
  async #fetch(query, options = {}) {
    try {
      const url = `${this.#url}?${new URLSearchParams({ ...query, as: this.#me() })}`;
      const response = await fetch(url, { ...options, cache: "no-store", signal: this.#ends.signal });
      return [response.status, await json(response)];
    } catch {
      return [0, null]; // no network, or closed meanwhile
    }
  }

  #tell(frame) {
    if (!this.closed) this.#told.frame(frame);
  }
}
