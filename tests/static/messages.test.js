import assert from "node:assert/strict";
import { test } from "node:test";
import { PendingChanges } from "../../static/chat/state/pending_changes.js";
import { QuotedMessages } from "../../static/chat/state/quoted_messages.js";

const entry = (seq, fields = {}) => ({
  ...{ seq, kind: "say", body: `b${seq}`, author: { key: "u-1", name: "u-1" }, at: "then" },
  ...fields,
});
const settled = () => new Promise((resolve) => setTimeout(resolve));

test("a pending change applies to its message until the log contains it", () => {
  const changes = new PendingChanges();
  changes.add({ cid: "c1", type: "edit", ref: 1, body: "new" });
  const saving = changes.applyTo(entry(1));
  assert.deepEqual([saving.body, saving.saving], ["new", true]);
  assert.deepEqual(changes.applyTo(entry(2)), entry(2));
  changes.acknowledge("c1", 7);
  const acknowledged = changes.applyTo(entry(1));
  assert.deepEqual([acknowledged.body, "saving" in acknowledged], ["new", false]);
  assert.deepEqual(changes.settleUpTo(6), []);
  assert.equal(changes.applyTo(entry(1)).body, "new");
  assert.deepEqual(changes.settleUpTo(7), [1]);
  assert.deepEqual(changes.applyTo(entry(1)), entry(1));
});

test("a refused change leaves the message as it was and gives the reason", () => {
  const changes = new PendingChanges();
  changes.add({ cid: "c1", type: "delete", ref: 1 });
  const deleted = changes.applyTo(entry(1));
  assert.deepEqual([deleted.body, deleted.deleted, deleted.saving], ["", true, true]);
  changes.refuse("c1", "forbidden");
  const refusedChange = { cid: "c1", code: "forbidden" };
  assert.deepEqual(changes.applyTo(entry(1)), entry(1, { refusedChange }));
  changes.refuse("unknown", "forbidden");
  assert.deepEqual(changes.applyTo(entry(1, { deleted: true })), entry(1, { deleted: true }));
  changes.remove("c1");
  assert.deepEqual(changes.applyTo(entry(1)), entry(1));
});

test("quoted messages are fetched once each and followed when they leave the log", async () => {
  const log = new Map([[5, { seq: 5, body: "five" }]]);
  const fetched = [];
  const loaded = [];
  const quotes = new QuotedMessages({
    inLog: (seq) => log.get(seq),
    withLaterChange: (message) => ({ ...message, body: `${message.body} now` }),
    async fetch(seq) {
      fetched.push(seq);
      if (fetched.length === 1) throw new Error("offline");
      return seq === 2 ? null : { seq, body: "old" };
    },
    onLoaded: (seq) => loaded.push(seq),
  });
  assert.equal(quotes.get(5).body, "five");
  assert.equal(quotes.get(1), undefined);
  await settled();
  quotes.retryFailed();
  await settled();
  quotes.get(2);
  quotes.get(2);
  await settled();
  assert.deepEqual([quotes.get(1).body, quotes.get(2)], ["old now", null]);
  log.delete(5);
  quotes.applyChange({ kind: "edit", ref: 5, body: "5!" });
  quotes.applyChange({ kind: "delete", ref: 1 });
  assert.deepEqual([quotes.get(5).body, quotes.get(1).deleted], ["5!", true]);
  assert.deepEqual(fetched, [1, 1, 2]);
  assert.deepEqual(loaded, [1, 2]);
});
