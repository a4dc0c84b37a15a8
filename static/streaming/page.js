import { byId } from "../shared/dom.js";
import { t } from "../shared/translations.js";
import { EventTable } from "./event_table.js";
import { listenForShortcuts } from "./keyboard_shortcuts.js";
import { OutputView } from "./output_view.js";
import { ProgressView } from "./progress_view.js";
import { refreshTexts } from "./text_list.js";
import { sourceUrl, TextSource } from "./text_source.js";

const ACTIVE = new Set(["connecting", "streaming", "reconnecting"]);
const RESUMABLE = new Set(["stopped", "error"]);

const output = new OutputView(byId("output"));
const progress = new ProgressView(byId("progress"), byId("count"), byId("status"));
const table = new EventTable(byId("raw"), byId("rows"));
const source = new TextSource({ onEvent: (event) => table.add(event), onMeta, onGrapheme, onDone, onError });

let state = "idle";
/** The chosen option. @type {any} */
let text = null;
let shown = 0;
let total = 0;
// Counts starts and stops: a start that waits for the list of texts may be out of date when it has come.
let run = 0;

function setState(name) {
  state = name;
  byId("state").dataset.state = name;
  byId("state").textContent = t(name);
  byId("output").dataset.state = name;
  byId("stop").setAttribute("aria-disabled", String(!ACTIVE.has(name)));
  byId("resume").setAttribute("aria-disabled", String(!RESUMABLE.has(name)));
}

function clearOutput() {
  shown = 0;
  output.clear();
}

function start() {
  clearOutput();
  source.clearCursor();
  total = 0;
  progress.clear();
  table.clear();
  text = byId("text").selectedOptions[0];
  return connect();
}

// Resumes the text that was stopped, even if another one is selected by now.
function resume() {
  if (RESUMABLE.has(state)) connect(source.cursor);
}

async function connect(cursor) {
  run += 1;
  const thisRun = run;
  setState("connecting");
  await refreshTexts(byId("text"));
  if (thisRun !== run) return;
  showPaceOfText();
  source.open(sourceUrl(byId("stream").dataset.source, text.value, byId("pace").value), text.dataset.event, cursor);
}

function stop() {
  if (!ACTIVE.has(state)) return;
  run += 1;
  source.close();
  setState("stopped");
  progress.announce("announce-stopped", { shown, total });
}

// After a reconnect the server says where it continues: exactly where we stand, or at the start.
function onMeta({ offset, total: length, restarted }) {
  if (offset === 0 || restarted) clearOutput();
  if (offset !== shown) return start();
  if (shown === 0) progress.announce("announce-start");
  total = length;
  progress.restart(shown, total);
  return setState("streaming");
}

function onGrapheme(data) {
  output.append(data);
  shown += 1;
  progress.show(shown, total);
}

function onDone() {
  setState("done");
  progress.show(shown, total);
  progress.announce("announce-done");
}

function onError(isClosed) {
  // The text is complete and the server answers 204: only its `done` was lost.
  if (isClosed && total > 0 && shown === total) return onDone();
  if (!isClosed || source.resume()) return setState("reconnecting");
  setState("error");
  return progress.announce("announce-error");
}

function showPaceOfText() {
  byId("pace").options[0].textContent = t("as-set", { ms: byId("text").selectedOptions[0].dataset.interval });
}

showPaceOfText();
byId("text").addEventListener("change", showPaceOfText);
byId("start").addEventListener("click", start);
byId("stop").addEventListener("click", stop);
byId("resume").addEventListener("click", resume);
listenForShortcuts({ start: () => ACTIVE.has(state) || start(), stop });
