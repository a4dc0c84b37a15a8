import { hasWord, word } from "../../shared/translations.js";

const SESSION_ENDED = 4401;

const at = (id) => document.getElementById(id);
let ticking = null;

function words({ name, until, code, tap }) {
  if (until !== undefined) return word(name, { seconds: Math.max(0, Math.ceil((until - Date.now()) / 1000)) });
  const special = `${name}-${code ?? tap}`;
  return word(hasWord(special) ? special : name);
}

function write(state) {
  const text = words(state);
  if (at("state").textContent !== text) at("state").textContent = text;
}

// The connection in words, counted down while it waits.
export function showState(state) {
  clearInterval(ticking);
  at("state").dataset.state = state.name;
  at("state").dataset.tap = state.tap ?? "";
  at("reconnect").hidden = !["closed", "reconnecting"].includes(state.name);
  at("relogin").hidden = state.code !== SESSION_ENDED;
  write(state);
  if (state.until !== undefined) ticking = setInterval(() => write(state), 1_000);
}
