import assert from "node:assert/strict";
import { test } from "node:test";
import { createRoomStore } from "../../static/chat/state/room_store.js";
import { Store } from "../../static/shared/store.js";

const ME = { key: "u-1", name: "Ann" };
const BOB = { key: "u-2", name: "Bob" };
const say = (seq, fields = {}) => ({
  ...{ seq, kind: "say", body: `b${seq}`, author: BOB, at: "2026-01-01T00:00:00Z", cid: `s${seq}` },
  ...fields,
});

// A store of a room with a log of two messages: the first by Bob, the second by this person.
function makeRoom({ stored = {} } = {}) {
  let cids = 0;
  const store = createRoomStore({
    room: "lobby",
    me: ME,
    isModerator: false,
    newCid() {
      cids += 1;
      return `c${cids}`;
    },
    now: () => 1_000,
    storageFor: (key) => ({ load: () => stored[key] ?? [], save: () => {}, remove: () => {} }),
    fetchMessage: async () => null,
  });
  const topics = [];
  const changes = {};
  const listeners = ["log", "hole", "outbox", "notice", "closed", "editAgain", "retryLater", "loadHistory", "unread"];
  for (const topic of listeners) {
    store.subscribe({
      [topic](detail) {
        topics.push(topic);
        changes[topic] = detail;
      },
    });
  }
  const receive = (frame) => store.dispatch({ type: "frame", frame: { room: "lobby", ...frame } });
  store.dispatch({ type: "connection-changed", connection: { name: "connected", transport: "socket" } });
  receive({ type: "joined", cursor: "e:0:m0", head: 0, online: [ME, BOB] });
  receive({ type: "events", cursor: "e:2:m2", events: [say(1), say(2, { author: ME })] });
  topics.length = 0;
  return { store, state: store.state, receive, topics, changes };
}

test("an action that a subscriber dispatches follows after all subscribers of the first", () => {
  const seen = [];
  const store = new Store({}, { first: () => ({ topic: 1 }), second: () => ({ topic: 2 }) });
  store.subscribe({ topic: (detail) => detail === 1 && store.dispatch({ type: "second" }) });
  store.subscribe({ topic: (detail) => seen.push(detail) });
  store.dispatch({ type: "first" });
  assert.deepEqual(seen, [1, 2]);
});

test("an action without a reducer and a topic without a subscriber are ignored", () => {
  const store = new Store({}, { known: () => ({ topic: true }) });
  store.dispatch({ type: "known" });
  store.dispatch({ type: "unknown" });
  store.dispatch({ type: "toString" });
});

test("frames of another room, unknown frames and actions in frames change nothing", () => {
  const { state, receive, topics } = makeRoom();
  receive({ type: "events", room: "other", events: [say(3)] });
  receive({ type: "of-the-future" });
  receive({ type: "restore" });
  receive({ type: "discard", cid: "c1" });
  assert.deepEqual([state.log.last, topics], [2, []]);
});

test("a log that was restored from a copy is shown anew, and its next messages too", () => {
  const { state, receive, changes } = makeRoom();
  receive({ type: "joined", cursor: "e:0:m0", head: 2, reset: true });
  assert.deepEqual([changes.log.reset, state.message(2)], ["new-log", undefined]);
  receive({ type: "events", cursor: "e:2:x2", events: [say(1), say(2, { body: "other" })] });
  assert.deepEqual([state.message(2).body, state.log.cursor], ["other", "e:2:x2"]);
});

test("an event that leaves a hole asks for a new join", () => {
  const { state, receive, changes } = makeRoom();
  receive({ type: "events", events: [say(4)] });
  assert.deepEqual([changes.hole, state.log.last], [true, 2]);
});

test("a message is in the outbox until its acknowledgement or its event comes", () => {
  const { store, state, receive, changes } = makeRoom();
  store.dispatch({ type: "say", body: "one", replyTo: 1 });
  const [item] = changes.log.items;
  assert.deepEqual([item.cid, item.reply_to, state.unsentCount], ["c1", 1, 1]);
  assert.deepEqual(state.unsentMessage(item).author, ME);
  receive({ type: "ack", cid: "c1", seq: 3 });
  assert.deepEqual([changes.log.acknowledged, state.unsentCount], [{ cid: "c1", seq: 3 }, 0]);
  store.dispatch({ type: "say", body: "two" });
  receive({ type: "events", events: [say(3, { cid: "c1", author: ME }), say(4, { cid: "c2", author: ME })] });
  assert.equal(state.unsentCount, 0);
});

test("an edit is shown at once, and stays when the log has it", () => {
  const { store, state, receive, changes } = makeRoom();
  store.dispatch({ type: "edit", ref: 2, body: "new" });
  assert.deepEqual([state.message(2).body, state.message(2).saving, changes.log.rows], ["new", true, [2]]);
  receive({ type: "ack", cid: "c1", seq: 3 });
  assert.deepEqual([state.message(2).body, state.message(2).saving], ["new", undefined]);
  const edit = { seq: 3, kind: "edit", ref: 2, body: "new", cid: "c1", author: ME, at: "2026-01-01T00:00:01Z" };
  receive({ type: "events", events: [edit] });
  assert.deepEqual([state.message(2).body, changes.log.rows], ["new", [2]]);
});

test("an edit that was refused for its words goes back to the composer when it is retried", () => {
  for (const code of ["too_long", "bad_frame"]) {
    const { store, state, receive, changes } = makeRoom();
    store.dispatch({ type: "edit", ref: 2, body: "long" });
    receive({ type: "error", cid: "c1", code });
    assert.deepEqual(state.message(2).refusedChange, { cid: "c1", code });
    store.dispatch({ type: "retry", cid: "c1" });
    assert.deepEqual([changes.editAgain, state.unsentCount], [{ seq: 2, body: "long" }, 0]);
    assert.equal(state.message(2).refusedChange, undefined);
  }
});

test("the words of a message stay in the outbox, whether it is refused or the log cannot be reached", () => {
  for (const code of ["bad_frame", "internal"]) {
    const { store, state, receive } = makeRoom();
    store.dispatch({ type: "say", body: "typed" });
    receive({ type: "error", cid: "c1", code });
    assert.deepEqual([state.unsentCount, state.outbox.items[0].body], [1, "typed"], code);
  }
});

test("the words of a refused edit stay until the message is loaded", () => {
  const { store, state, receive } = makeRoom();
  receive({ type: "joined", cursor: "e:9:m9", head: 9, reset: true });
  store.dispatch({ type: "edit", ref: 9, body: "typed" });
  receive({ type: "error", cid: "c1", code: "bad_frame" });
  assert.deepEqual([state.notice, state.unsentCount], [{ about: "change", code: "bad_frame" }, 1]);
  receive({ type: "page", before: 10, events: [say(9, { author: ME })], more: true });
  assert.deepEqual(state.message(9).refusedChange, { cid: "c1", code: "bad_frame" });
});

test("a new change of a message replaces its refused one", () => {
  const { store, state, receive } = makeRoom();
  store.dispatch({ type: "edit", ref: 2, body: "long" });
  receive({ type: "error", cid: "c1", code: "forbidden" });
  store.dispatch({ type: "delete", ref: 2 });
  assert.deepEqual(
    state.outbox.items.map(({ cid }) => cid),
    ["c2"],
  );
  assert.equal(state.message(2).deleted, true);
});

test("a temporary error keeps the command and asks to send it again later", () => {
  const { store, state, receive, changes } = makeRoom();
  store.dispatch({ type: "say", body: "one" });
  receive({ type: "error", cid: "c1", code: "rate_limited", retry_after_ms: 700 });
  assert.deepEqual([changes.retryLater, state.unsentCount], [700, 1]);
});

test("a refused change of a message that is not loaded is a notice", () => {
  const { store, state, receive } = makeRoom();
  store.dispatch({ type: "delete", ref: 99 });
  receive({ type: "error", cid: "c1", code: "not_found" });
  assert.deepEqual(state.notice, { about: "change", code: "not_found" });
  assert.equal(state.unsentCount, 0);
});

test("an error of the room closes the connection where nothing can be read any more", () => {
  const { state, receive, changes } = makeRoom();
  receive({ type: "error", code: "gone", message: "The room is gone." });
  assert.deepEqual([changes.closed, state.notice.about], [4404, "room"]);
});

test("history is loaded one page at a time, while connected", () => {
  const { store, state, receive, changes, topics } = makeRoom();
  receive({ type: "joined", cursor: "e:9:m9", head: 9 });
  store.dispatch({ type: "load-older" });
  store.dispatch({ type: "load-older" });
  assert.equal(changes.loadHistory, 10);
  assert.equal(topics.filter((topic) => topic === "loadHistory").length, 1);
  receive({ type: "page", before: 10, events: [say(9)], more: true });
  assert.equal(state.isLoadingHistory, false);
  store.dispatch({ type: "connection-changed", connection: { name: "reconnecting" } });
  store.dispatch({ type: "load-older" });
  assert.equal(state.isLoadingHistory, false);
});

test("another person gets another outbox, and a guest with a new key stays the same person", () => {
  const item = { key: "1-x", cid: "x", type: "say", body: "b", at: "2026-01-01T00:00:00Z" };
  const { store, state, receive, changes } = makeRoom({ stored: { "u-2": [item], "g-2": [] } });
  store.dispatch({ type: "say", body: "by Ann" });
  receive({ type: "welcome", member: BOB });
  assert.deepEqual([changes.log.removedItems, changes.log.items, state.me], [["c1"], [item], BOB]);
  receive({ type: "welcome", member: { key: "g-1", name: "Guest", guest: true } });
  store.dispatch({ type: "say", body: "by a guest" });
  receive({ type: "welcome", member: { key: "g-2", name: "Guest", guest: true } });
  assert.deepEqual([state.unsentCount, state.outboxOwner], [1, "g-1"]);
});

test("what another tab sends is shown, and removed when that tab removes it", () => {
  const item = { key: "1-x", cid: "x", type: "edit", ref: 2, body: "b", at: "2026-01-01T00:00:00Z" };
  const { store, state } = makeRoom();
  store.dispatch({ type: "item-saved-elsewhere", item });
  assert.equal(state.message(2).body, "b");
  store.dispatch({ type: "item-removed-elsewhere", key: "1-x" });
  assert.deepEqual([state.message(2).body, state.unsentCount], ["b2", 0]);
});

test("messages of others are unread until the newest is seen", () => {
  const { store, state, receive } = makeRoom();
  receive({ type: "events", events: [say(3), say(4)] });
  assert.equal(state.unreadCount(), 3);
  store.dispatch({ type: "seen" });
  assert.equal(state.unreadCount(), 0);
});

test("the last message that a person can change is the newest that is not deleted", () => {
  const { store, state, receive } = makeRoom();
  receive({ type: "events", events: [say(3, { author: ME })] });
  assert.equal(state.lastOwnMessage().seq, 3);
  store.dispatch({ type: "delete", ref: 3 });
  assert.equal(state.lastOwnMessage().seq, 2);
  assert.deepEqual([state.permissions(1), state.permissions(3)], [["reply"], []]);
});
