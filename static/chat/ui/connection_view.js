import { byId, setText } from "../../shared/dom.js";
import { t, translateVariant } from "../../shared/translations.js";

const SESSION_ENDED = 4401;

/** The state of the connection as text, with a countdown while it waits. */
export class ConnectionView {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #countdown;

  constructor(store) {
    store.subscribe({ connection: (connection) => this.#show(connection) });
  }

  #show(connection) {
    clearInterval(this.#countdown);
    byId("state").dataset.state = connection.name;
    byId("state").dataset.transport = connection.transport ?? "";
    byId("reconnect").hidden = !["closed", "reconnecting"].includes(connection.name);
    byId("relogin").hidden = connection.code !== SESSION_ENDED;
    const write = () => setText(byId("state"), describe(connection));
    write();
    if (connection.until !== undefined) this.#countdown = setInterval(write, 1_000);
  }
}

function describe({ name, until, code, transport }) {
  if (until !== undefined) return t(name, { seconds: Math.max(0, Math.ceil((until - Date.now()) / 1000)) });
  return translateVariant(name, code ?? transport);
}
