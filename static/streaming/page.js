import { word } from "../words.js";
import { listenForKeys } from "./keys.js";
import { Output } from "./output.js";
import { Progress } from "./progress.js";
import { RawRows } from "./raw_rows.js";
import { Source, sourceUrl } from "./source.js";
import { refreshTexts } from "./texts.js";

const ACTIVE = new Set(["connecting", "streaming", "reconnecting"]);
const CUT_SHORT = new Set(["stopped", "error"]);

const at = (id) => document.getElementById(id);
const output = new Output(at("output"));
const progress = new Progress(at("progress"), at("count"), at("status"));
const rows = new RawRows(at("raw"), at("rows"));
const source = new Source({ event: (event) => rows.add(event), meta, grapheme, done, broken });

let state = "idle";
let text = null;
let shown = 0;
let total = 0;
let rounds = 0;

function become(name) {
  state = name;
  at("state").dataset.state = name;
  at("state").textContent = word(name);
  at("output").dataset.state = name;
  at("stop").setAttribute("aria-disabled", String(!ACTIVE.has(name)));
  at("go-on").setAttribute("aria-disabled", String(!CUT_SHORT.has(name)));
}

function begin() {
  shown = 0;
  output.clear();
}

function start() {
  begin();
  source.forget();
  total = 0;
  progress.clear();
  rows.clear();
  text = at("text").selectedOptions[0];
  return follow();
}

// What was cut short is still the text that it was, whichever is chosen by now.
function goOn() {
  if (CUT_SHORT.has(state)) follow(source.cursor);
}

async function follow(cursor) {
  const round = (rounds += 1);
  become("connecting");
  await refreshTexts(at("text"));
  if (round !== rounds) return;
  showOwnPace();
  source.open(sourceUrl(at("stream").dataset.source, text.value, at("pace").value), text.dataset.event, cursor);
}

function stop() {
  if (!ACTIVE.has(state)) return;
  rounds += 1;
  source.close();
  become("stopped");
  progress.say("said-stopped", { shown, total });
}

// After a reconnect the server says where it goes on: either exactly where we stand, or from the start.
function meta({ offset, total: length, restarted }) {
  if (offset === 0 || restarted) begin();
  if (offset !== shown) return start();
  if (shown === 0) progress.say("said-start");
  total = length;
  progress.restart(shown, total);
  return become("streaming");
}

function grapheme(data) {
  output.append(data);
  shown += 1;
  progress.show(shown, total);
}

function done() {
  become("done");
  progress.show(shown, total);
  progress.say("said-done");
}

function broken(gone) {
  // The server has nothing more to send (204): only the word of it was lost.
  if (gone && total > 0 && shown === total) return done();
  if (!gone || source.resume()) return become("reconnecting");
  become("error");
  return progress.say("said-error");
}

function showOwnPace() {
  at("pace").options[0].textContent = word("as-set", { ms: at("text").selectedOptions[0].dataset.interval });
}

showOwnPace();
at("text").addEventListener("change", showOwnPace);
at("start").addEventListener("click", start);
at("stop").addEventListener("click", stop);
at("go-on").addEventListener("click", goOn);
listenForKeys({ start: () => ACTIVE.has(state) || start(), stop });
