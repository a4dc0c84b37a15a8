import { word } from "../words.js";
import { answer, heads, loss } from "./answers.js";

const POSTED = new Set(["say", "edit", "delete", "read"]);
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
  #hear;
  #ends = new AbortController();

  constructor({ room, entries }, hear) {
    this.#room = room;
    this.#url = entries;
    this.#hear = hear;
  }

  get closed() {
    return this.#ends.signal.aborted;
  }

  close() {
    this.#ends.abort();
  }

  // What follows a cursor: the answer, or why there is none.
  async poll(cursor, wait = 0) {
    const query = new URLSearchParams({ ...(cursor && { cursor }), ...(wait && { wait }) });
    const [status, body] = await this.#fetch(`${this.#url}?${query}`);
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
    const [status, body] = await this.#fetch(this.#url, { method: "POST", headers, body: JSON.stringify(command) });
    const frame = answer(this.#room, command, body);
    // The page sets the cookie whose token was refused.
    if (status === FORBIDDEN && frame !== body) await this.#fetch(location.pathname);
    this.#tell(frame);
  }

  async #history({ before, limit }) {
    const [, body] = await this.#fetch(`${this.#url}?${new URLSearchParams({ before, limit })}`);
    const unreachable = { type: "error", code: "internal", message: word("unreachable") };
    this.#tell(body?.type ? body : unreachable);
  }

  async #ping({ ts, cursor }) {
    const [status, body] = await this.#fetch(`${this.#url}?${new URLSearchParams({ ...(cursor && { cursor }) })}`);
    if (status !== 200 || !body) return;
    this.#tell({ type: "pong", ts });
    this.#tell(heads(this.#room, body));
  }

  async #fetch(url, options = {}) {
    try {
      const response = await fetch(url, { ...options, cache: "no-store", signal: this.#ends.signal });
      return [response.status, await json(response)];
    } catch {
      return [0, null]; // no network, or closed meanwhile
    }
  }

  #tell(frame) {
    if (!this.closed) this.#hear(frame);
  }
}
