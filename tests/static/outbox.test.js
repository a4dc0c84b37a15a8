import assert from "node:assert/strict";
import { test } from "node:test";
import { isFinalError, Outbox, toCommand } from "../../static/chat/state/outbox.js";
import { itemKey, parseItem, serializeItem } from "../../static/chat/state/outbox_item.js";

function countingCids() {
  let count = 0;
  return () => {
    count += 1;
    return `c${count}`;
  };
}

test("an outbox sends in order, one at a time, and again until it is settled", () => {
  const outbox = new Outbox(countingCids());
  const next = () => outbox.next()?.cid ?? null;
  for (const body of "abc") outbox.add({ type: "say", body });
  assert.deepEqual([next(), next()], ["c1", null]);
  outbox.resetInFlight();
  assert.equal(next(), "c1");
  outbox.settle("c1");
  assert.equal(next(), "c2");
  assert.equal(isFinalError("rate_limited"), false);
  assert.equal(outbox.refuse("c2", "too_long").refused, "too_long");
  assert.equal(next(), "c3");
  assert.equal(outbox.retry("c2").cid, "c2");
  outbox.settle("c3");
  assert.equal(next(), "c2");
});

test("a command that conflicted is retried with a new cid", () => {
  const outbox = new Outbox(countingCids());
  outbox.add({ type: "say", body: "a" });
  outbox.refuse("c1", "cid_conflict");
  assert.equal(outbox.retry("c1").cid, "c2");
});

test("an outbox follows what other tabs and earlier pages did", () => {
  const stored = new Map();
  const storage = {
    load: () => [...stored.values()],
    save: (item) => stored.set(item.key, item),
    remove: ({ key }) => stored.delete(key),
  };
  // The clock goes backwards: the order must not.
  let time = 100;
  const newCid = countingCids();
  const makeOutbox = () =>
    new Outbox(newCid, storage, () => {
      time -= 1;
      return time;
    });
  const first = makeOutbox();
  for (const body of "abc") first.add({ type: "say", body });
  first.refuse("c2", "too_long");

  const second = makeOutbox();
  const items = second.items.map(({ cid, refused = null }) => [cid, refused]);
  assert.deepEqual(items, [
    ["c1", null],
    ["c2", "too_long"],
    ["c3", null],
  ]);
  assert.equal(second.next().cid, "c1");
  second.removeByKey(first.settle("c1").key);
  assert.deepEqual([second.next().cid, second.size, stored.size], ["c3", 2, 2]);
  second.merge({ ...second.items[1], refused: "forbidden" });
  assert.equal(second.next(), null);
  assert.equal(second.retry("c2").cid, "c2");
  assert.equal(second.next().cid, "c2");
  assert.equal(toCommand(second.items[1]).body, "b");
});

test("another storage replaces the items", () => {
  const item = { key: "1-c", cid: "c", type: "say", body: "b", at: "2026-01-01T00:00:00Z" };
  const outbox = new Outbox(countingCids());
  outbox.add({ type: "say", body: "a" });
  outbox.switchStorage({ load: () => [item], save: () => {}, remove: () => {} });
  assert.deepEqual(
    outbox.items.map(({ cid }) => cid),
    ["c"],
  );
});

test("a stored item is read as it was written, and anything else is ignored", () => {
  const key = itemKey({ time: 5, cid: "c" });
  const item = { key, cid: "c", type: "say", body: "b", at: "2026-01-01T00:00:00Z" };
  assert.ok(key < itemKey({ time: 40, cid: "a" }));
  assert.deepEqual(parseItem(key, serializeItem(item)), item);
  const refused = { ...item, type: "edit", ref: 3, refused: "too_long" };
  assert.equal(parseItem(key, serializeItem(refused)).refused, "too_long");
  for (const text of ["", "{", "null", "[]", "7"]) assert.equal(parseItem(key, text), null, text);
});

test("a damaged item is ignored", () => {
  const key = itemKey({ time: 5, cid: "c" });
  const item = { key, cid: "c", type: "say", body: "b", at: "2026-01-01T00:00:00Z" };
  const damages = [
    { version: 0 },
    { cid: "<" },
    { type: "join" },
    { body: 1 },
    { reply_to: -1 },
    { at: "x" },
    { type: "edit" },
    { type: "delete", ref: 1.5 },
    { key: "other" },
    { type: "toString" },
  ];
  for (const damage of damages) {
    assert.equal(parseItem(key, serializeItem({ ...item, ...damage })), null, JSON.stringify(damage));
  }
});
