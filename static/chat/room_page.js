// The page of a room. Frames of the server and actions of the person go into one store; every part below reads the
// store's state and subscribes to the topics that concern it (shared/store.js).

import { byId } from "../shared/dom.js";
import { newClientId } from "./net/client_id.js";
import { Connection } from "./net/connection.js";
import { fetchMessage } from "./net/fetch_message.js";
import { LogSync } from "./net/log_sync.js";
import { OutboxSender } from "./net/outbox_sender.js";
import { watchPageLifecycle } from "./net/page_lifecycle.js";
import { ReadReceipts } from "./net/read_receipts.js";
import { roomTransports } from "./net/transports.js";
import { OutboxStorage, watchOutboxStorage } from "./outbox_storage.js";
import { createRoomStore } from "./state/room_store.js";
import { ComposeMode } from "./ui/compose_mode.js";
import { Composer } from "./ui/composer.js";
import { ConnectionView } from "./ui/connection_view.js";
import { DebugPanel } from "./ui/debug_panel.js";
import { storeDraft } from "./ui/draft.js";
import { LogPanel } from "./ui/log_panel.js";
import { MessageActions } from "./ui/message_actions.js";
import { listenForRename } from "./ui/nickname_form.js";
import { showNotices } from "./ui/notice_view.js";
import { OnlineList } from "./ui/online_list.js";
import { QuoteLink } from "./ui/quote_link.js";
import { useRovingTabindex } from "./ui/roving_tabindex.js";
import { TypingView } from "./ui/typing_view.js";
import { UnreadView } from "./ui/unread_view.js";

const page = byId("room").dataset;
const { room, member: memberKey } = page;

const store = createRoomStore({
  room,
  me: { key: memberKey, name: byId("nick").textContent },
  isModerator: page.moderator === "true",
  newCid: newClientId,
  now: Date.now,
  storageFor: (key) => new OutboxStorage(key, room),
  fetchMessage: (seq) => fetchMessage(room, seq),
});
const { state } = store;

// ---- The server ----

const transports = roomTransports(page, { cursor: () => state.log.cursor, memberKey: () => state.me.key });
const connection = new Connection(transports, {
  onFrame: (frame) => store.dispatch({ type: "frame", frame }),
  onState: (next) => store.dispatch({ type: "connection-changed", connection: next }),
});
const send = (command) => connection.send({ ...command, room });
new LogSync(store, send);
new OutboxSender(store, send);
store.subscribe({ closed: (code) => connection.end(code) });
watchOutboxStorage(
  room,
  () => state.outboxOwner,
  (action) => store.dispatch(action),
);

// ---- What is shown. The log comes first: others look for its rows, or measure them ----

const list = byId("log");
const logPanel = new LogPanel(store);
new QuoteLink(list, store);
useRovingTabindex(list);
new ConnectionView(store);
new OnlineList(byId("online"), store);
new UnreadView(store, { pane: byId("scroller"), count: byId("newer-count"), isAtBottom: () => logPanel.isAtBottom });
new ReadReceipts(store, send);
new DebugPanel(byId("debug"), store, { ping: () => connection.ping(), cut: () => connection.cut() });
showNotices(store);
store.subscribe({
  member() {
    byId("nick").textContent = state.me.name;
  },
});

// ---- What the person does ----

const composer = new Composer(byId("composer"), byId("body"), byId("length"), store);
const composeMode = new ComposeMode(composer, store);
storeDraft(byId("body"), memberKey, room);
new TypingView(byId("typing"), byId("body"), store, send);
new MessageActions(list, byId("actions"), {
  getAllowed: (seq) => state.permissions(seq),
  onChoose(action, seq) {
    if (action === "reply") composeMode.reply(seq);
    if (action === "edit") composeMode.edit(seq);
    if (action === "delete") store.dispatch({ type: "delete", ref: seq });
  },
});
list.addEventListener("click", ({ target }) => {
  const { cid, change = cid } = target.closest(".row")?.dataset ?? {};
  if (target.matches(".retry")) store.dispatch({ type: "retry", cid: change });
  if (target.matches(".discard")) store.dispatch({ type: "discard", cid: change });
});
byId("reconnect").addEventListener("click", () => connection.open());
listenForRename((member) => {
  store.dispatch({ type: "member-renamed", member });
  connection.open();
});

store.dispatch({ type: "restore" });
watchPageLifecycle({
  wake: () => connection.wake(),
  hide: () => connection.end(),
  restore: () => connection.open(),
});
connection.open();
if (matchMedia("(hover: hover)").matches) byId("body").focus();
