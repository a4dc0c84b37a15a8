import { word } from "../words.js";
import { newCid } from "./cid.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Delivery } from "./delivery.js";
import { Draft } from "./draft.js";
import { Log } from "./log.js";
import { LogView } from "./log_view.js";
import { listenForName } from "./nickname.js";
import { Outbox } from "./outbox.js";
import { OutboxStore } from "./outbox_store.js";
import { quietly } from "./quietly.js";
import { Reader } from "./reader.js";
import { Scroller } from "./scroller.js";
import { showState } from "./state_view.js";
import { tapsTo } from "./taps.js";
import { onWaking } from "./waking.js";
import { Wire } from "./wire.js";

// A page left open for a week must not hold the week.
const KEPT_ROWS = 500;
// What a room says that this page can no longer be in, as the code of a socket that was closed for it.
const CLOSED = { forbidden: 4403, not_found: 4404, gone: 4404 };

const at = (id) => document.getElementById(id);
const { room, member } = at("room").dataset;
let me = { key: member, name: at("nick").textContent };

const log = new Log();
const connection = new Connection(tapsTo(at("room").dataset, () => log.cursor), { onFrame, onState });
const send = (command) => connection.send({ ...command, room });
const reader = new Reader(room, log, send);
const outbox = new Outbox(newCid, storeOf(member));
const delivery = new Delivery(outbox, { send, refused });
const view = new LogView(at("log"), { row: at("row"), gap: at("gap"), anew: at("anew") }, me.key);
const scroller = new Scroller(at("scroller"), at("log"), at("newer"), older);
const composer = new Composer(at("composer"), at("body"), at("length"), say);
const draft = new Draft(at("body"), member, room);
const wire = new Wire(at("wire"), room, {
  look: () => ({ cursor: log.cursor, unsent: outbox.unsent }),
  ping: () => connection.ping(),
  cut: () => connection.cut(),
});

const heard = { welcome, joined, events, page, ack, error, ping: (frame) => reader.ping(frame) };

function onFrame(frame) {
  if (frame.room !== undefined && frame.room !== room) return;
  if (Object.hasOwn(heard, frame.type)) heard[frame.type](frame);
  wire.frame(frame);
}

function onState(state) {
  if (state.name !== "connected") {
    reader.lost();
    delivery.lost();
  }
  showState(state);
  wire.state(state);
}

// Over HTTP nobody says who we are: the page knew when it was loaded.
function welcome(frame) {
  iAm(frame.member ?? me);
  delivery.welcome(frame);
  composer.limit(frame.limits?.body ?? Infinity);
  reader.join();
}

function iAm(known) {
  if (isAnother(known)) showOutboxOf(known);
  me = known;
  at("nick").textContent = me.name;
  view.iAm(me.key);
}

function joined(frame) {
  const last = log.cursor === null ? null : log.last;
  const changes = reader.joined(frame);
  const { voided, gap } = changes;
  wire.figures.joined(frame, last, changes);
  at("notice").hidden = true;
  if (voided) view.startAnew(log.last);
  if (gap) view.gap(gap, () => reader.older(gap.before));
  showEdges();
  delivery.ready();
}

function events(frame) {
  const first = view.empty;
  const quiet = first ? quietly : (_, change) => change();
  const changes = reader.events(frame);
  const { added, changed } = changes;
  wire.figures.events(changes, log.last);
  scroller.below(() => quiet(at("log"), () => [...added, ...changed].forEach((entry) => view.show(entry))));
  settle(frame.events);
  if (added.length > 0) scroller.announce();
  if (scroller.atBottom) trim();
  if (first) scroller.fill();
  showEdges();
}

function settle(entries) {
  for (const { cid } of entries) delivery.settle(cid);
}

function trim() {
  const oldest = log.trim(KEPT_ROWS);
  if (oldest !== null) scroller.below(() => view.dropBefore(oldest));
}

function page(frame) {
  const fills = frame.before !== log.first ? (change) => change() : (change) => scroller.above(change);
  const changes = reader.page(frame);
  const { added, closed } = changes;
  wire.figures.page(changes);
  settle(added);
  fills(() => quietly(at("log"), () => added.forEach((entry) => view.show(entry))));
  if (closed) view.closeGap(closed);
  showEdges();
  scroller.fill();
}

function older() {
  if (log.more && reader.older()) showEdges("loading");
}

function ack({ cid, seq }) {
  view.acknowledge(cid, seq);
  delivery.settle(cid);
}

function error(frame) {
  if (frame.cid) return delivery.error(frame);
  if (CLOSED[frame.code] && frame.room) connection.end(CLOSED[frame.code]);
  reader.refused(frame);
  at("notice").textContent = frame.message;
  at("notice").hidden = false;
  return showEdges();
}

function say(body) {
  draft.keep();
  showItem(outbox.add({ type: "say", body }));
  scroller.toBottom();
  delivery.pump();
  wire.redraw();
}

// A change of a message has no row of its own.
function showItem(item) {
  if (item.type === "say") scroller.below(() => view.show({ ...item, author: me }));
  showEdges();
}

function refused(item, message) {
  if (item.type === "say") return showItem(item);
  outbox.discard(item.cid);
  at("notice").textContent = message ?? word("refused");
  at("notice").hidden = false;
}

function again(cid) {
  view.discard(cid);
  const item = outbox.retry(cid);
  if (item) showItem(item);
  scroller.toBottom();
  delivery.pump();
}

function discard(cid) {
  outbox.discard(cid);
  view.discard(cid);
  showEdges();
}

// ---- The outbox beyond this page ----

function storeOf(key) {
  const store = new OutboxStore(key, room);
  const mine = (act) => (given) => me.key === key && act(given);
  store.watch({ saved: mine(saved), removed: mine(removed) });
  return store;
}

function saved(item) {
  outbox.put(item);
  showItem(item);
  delivery.pump();
  wire.redraw();
}

function removed(key) {
  const item = outbox.removed(key);
  if (item) discard(item.cid);
  delivery.pump();
  wire.redraw();
}

// A guest whose cookie is not kept gets another key with each line, and stays the one who sits here.
function isAnother(known) {
  return known.key !== me.key && !(known.guest && me.key.startsWith("g-"));
}

function showOutboxOf(known) {
  for (const { cid } of outbox.items) view.discard(cid);
  me = known;
  outbox.moveTo(storeOf(known.key));
  outbox.items.forEach(showItem);
}

function showEdges(edge = !log.more && !view.empty ? "beginning" : "") {
  at("older").textContent = edge && word(edge);
  at("older").dataset.state = edge;
  at("blank").hidden = log.cursor === null || log.more || !view.empty;
}

at("log").addEventListener("click", ({ target }) => {
  const { cid } = target.closest(".row")?.dataset ?? {};
  if (target.matches(".retry")) again(cid);
  if (target.matches(".discard")) discard(cid);
});
at("reconnect").addEventListener("click", () => connection.open());
listenForName((renamed) => {
  iAm(renamed);
  connection.open();
});
onWaking(() => connection.wake());
outbox.items.forEach(showItem);
connection.open();
if (matchMedia("(hover: hover)").matches) at("body").focus();
