import { hasWord, word } from "../words.js";

const SESSION_ENDED = 4401;

const at = (id) => document.getElementById(id);
let ticking = null;

function words({ name, until, code }) {
  if (name === "reconnecting") return word(name, { seconds: Math.max(0, Math.ceil((until - Date.now()) / 1000)) });
  return word(hasWord(`${name}-${code}`) ? `${name}-${code}` : name);
}

function write(state) {
  const text = words(state);
  if (at("state").textContent !== text) at("state").textContent = text;
}

// The connection in words, counted down while it waits.
export function showState(state) {
  clearInterval(ticking);
  at("state").dataset.state = state.name;
  at("reconnect").hidden = state.name !== "closed";
  at("relogin").hidden = state.code !== SESSION_ENDED;
  write(state);
  if (state.name === "reconnecting") ticking = setInterval(() => write(state), 1_000);
}
