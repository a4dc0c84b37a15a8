import { hasWord, word } from "../shared/translations.js";
import { Actions } from "./ui/message_actions.js";
import { newCid } from "./net/client_id.js";
import { Composer } from "./ui/composer.js";
import { Connection } from "./net/connection.js";
import { Draft } from "./ui/draft.js";
import { Log } from "./state/log.js";
import { LogView } from "./ui/log_view.js";
import { Messages } from "./state/messages.js";
import { listenForName } from "./ui/nickname_form.js";
import { Online } from "./ui/online_list.js";
import { Outbox } from "./state/outbox.js";
import { Purpose } from "./ui/compose_mode.js";
import { quietly } from "./ui/live_region.js";
import { QuoteLink } from "./ui/quote_link.js";
import { Reader } from "./net/log_sync.js";
import { Reading } from "./ui/unread_view.js";
import { rights } from "./state/permissions.js";
import { roveRows } from "./ui/roving_tabindex.js";
import { Scroller } from "./ui/scroller.js";
import { Sending } from "./net/sending.js";
import { showState } from "./ui/connection_view.js";
import { tapsTo } from "./net/transports.js";
import { Typing } from "./ui/typing_view.js";
import { onWaking } from "./net/page_lifecycle.js";
import { Wire } from "./ui/debug_panel.js";

// A page left open for a week must not hold the week.
const KEPT_ROWS = 500;
// What a room says that this page can no longer be in, as the code of a socket that was closed for it.
const CLOSED = { forbidden: 4403, not_found: 4404, gone: 4404 };

const at = (id) => document.getElementById(id);
const { room, member, moderator } = at("room").dataset;
let me = { key: member, name: at("nick").textContent };

const log = new Log();
const connection = new Connection(tapsTo(at("room").dataset, { cursor: () => log.cursor, me: () => me.key }), { onFrame, onState });
const send = (command) => connection.send({ ...command, room });
const reader = new Reader(room, log, send);
const outbox = new Outbox(newCid);
const view = new LogView(at("log"), { row: at("row"), gap: at("gap"), anew: at("anew"), fresh: at("fresh") }, me.key);
const scroller = new Scroller(at("scroller"), at("log"), at("newer"), older);
const messages = new Messages({ room, log, outbox, view, changed: (entry) => purpose.changed(entry) });
const composer = new Composer(at("composer"), at("body"), at("length"), (body) => purpose.submit(body));
const sending = new Sending({ room, me, outbox, messages, view, send, shown, reword: (entry, body) => purpose.edit(entry, body), notice });
const purpose = new Purpose(composer, {
  say,
  edit: (ref, body) => sending.change({ type: "edit", ref, body }),
  last: () => messages.lastOf(me.key),
  mine: ({ author }) => author.key === me.key,
});
const chosen = {
  reply: (seq) => purpose.reply(messages.at(seq)),
  edit: (seq) => purpose.edit(messages.at(seq)),
  delete: (ref) => sending.change({ type: "delete", ref }),
};
const typing = new Typing(at("typing"), at("body"), send);
const online = new Online(at("online"), me.key);
const reading = new Reading({ log, view, scroller, pane: at("scroller"), count: at("newer-count"), send, me: me.key });
new Draft(at("body"), member, room);
const quoteLink = new QuoteLink(at("log"), (seq) => seq < log.first && older());
const wire = new Wire(at("wire"), room, {
  look: () => ({ cursor: log.cursor, unsent: outbox.unsent }),
  ping: () => connection.ping(),
  cut: () => connection.cut(),
});

const heard = {
  welcome,
  joined,
  events,
  page,
  ack: (frame) => sending.ack(frame),
  error,
  ping: (frame) => reader.ping(frame),
  typing: (frame) => typing.heard(frame),
  presence: (frame) => online.show(frame.online),
  read: (frame) => reading.heard(frame),
};

function onFrame(frame) {
  if (frame.room !== undefined && frame.room !== room) return;
  if (Object.hasOwn(heard, frame.type)) heard[frame.type](frame);
  wire.frame(frame);
}

function onState(state) {
  if (state.name !== "connected") {
    reader.lost();
    sending.lost();
    typing.lost();
    online.lost();
  }
  showState(state);
  wire.state(state);
}

// Over HTTP nobody says who we are: the page knew when it was loaded.
function welcome(frame) {
  at("notice").hidden = true;
  iAm(frame.member ?? me);
  sending.welcome(frame);
  composer.limit(frame.limits?.body ?? Infinity);
  reader.join();
}

function iAm(known) {
  me = known;
  sending.iAm(me);
  at("nick").textContent = me.name;
  for (const part of [view, online, reading]) part.iAm(me.key);
}

function joined(frame) {
  const last = log.cursor === null ? null : log.last;
  const changes = reader.joined(frame);
  const { voided, gap } = changes;
  messages.joined({ voided, gap });
  online.show(frame.online);
  wire.figures.joined(frame, last, changes);
  if (at("notice").dataset.room) at("notice").hidden = true;
  if (voided) view.startAnew(log.last);
  if (gap) view.startAfter(gap, older);
  reading.joined(frame, voided);
  showEdges();
  sending.ready();
}

function events(frame) {
  const first = view.empty;
  const quiet = first ? quietly : (_, change) => change();
  const changes = reader.events(frame);
  const { added, changed } = changes;
  wire.figures.events(changes, log.last);
  scroller.below(() => quiet(at("log"), () => take(frame.events, added, changed)));
  sending.arrived(frame.events);
  if (added.length > 0) scroller.announce();
  if (scroller.atBottom) trim();
  if (first) scroller.fill();
  showEdges();
}

function take(all, added, changed) {
  messages.took(all, [...added, ...changed]);
  typing.spoke(all);
  reading.arrived();
}

function trim() {
  const oldest = log.trim(KEPT_ROWS);
  if (oldest !== null) scroller.below(() => view.dropBefore(oldest));
}

function page(frame) {
  const changes = reader.page(frame);
  const { added, closed } = changes;
  wire.figures.page(changes);
  sending.arrived(added);
  scroller.above(() => quietly(at("log"), () => showOlder(added)));
  if (closed) view.closeGap(closed);
  showEdges();
  quoteLink.loaded();
  scroller.fill();
}

function showOlder(entries) {
  entries.forEach((entry) => messages.show(entry));
  reading.loaded();
}

function older() {
  if (!log.more || !reader.older()) return false;
  showEdges("loading");
  return true;
}

function error(frame) {
  if (frame.cid) return sending.error(frame);
  if (CLOSED[frame.code] && frame.room) connection.end(CLOSED[frame.code]);
  reader.refused(frame);
  notice(hasWord(`room-${frame.code}`) && frame.room ? word(`room-${frame.code}`) : frame.message, frame.room);
  return showEdges();
}

// Until the line, or this room, is entered again.
function notice(text, of = "") {
  at("notice").textContent = text;
  at("notice").dataset.room = of;
  at("notice").hidden = false;
}

function say(body, to) {
  sending.say(body, to);
  scroller.toBottom();
  typing.sent();
  reading.spoke();
}

// What is unsent, or no longer.
function shown(change) {
  scroller.below(change);
  showEdges();
  wire.redraw();
}

function showEdges(edge = !log.more && !view.empty ? "beginning" : "") {
  at("older").textContent = edge && word(edge);
  at("older").dataset.state = edge;
  at("blank").hidden = log.cursor === null || log.more || !view.empty;
}

at("log").addEventListener("click", ({ target }) => {
  const { cid, change } = target.closest(".row")?.dataset ?? {};
  if (target.matches(".retry")) sending.retry(change ?? cid);
  if (target.matches(".discard")) sending.discard(change ?? cid);
});
new Actions(at("log"), at("actions"), {
  allowed: (seq) => rights(messages.at(seq), me.key, moderator === "true"),
  chosen: (name, seq) => chosen[name](seq),
});
roveRows(at("log"));
at("reconnect").addEventListener("click", () => connection.open());
listenForName((renamed) => {
  iAm(renamed);
  connection.open();
});
onWaking(() => connection.wake());
// A browser that keeps the page for the way back keeps its socket too, and its person online.
addEventListener("pagehide", () => connection.end());
addEventListener("pageshow", ({ persisted }) => persisted && connection.open());
sending.restore();
connection.open();
if (matchMedia("(hover: hover)").matches) at("body").focus();
