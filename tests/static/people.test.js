import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadPosition } from "../../static/chat/state/read_position.js";
import { TypingThrottle, TypingTracker } from "../../static/chat/state/typing_tracker.js";
import { formatCount, UnreadDivider, unreadEntries } from "../../static/chat/state/unread.js";

const ANN = { key: "u-1", name: "Ann" };
const BOB = { key: "u-2", name: "Bob" };
const entry = (seq) => ({ seq, author: { key: seq === 3 ? "me" : "you" }, deleted: seq === 4 });

test("a member is typing for five seconds, or until the message comes", () => {
  const typing = new TypingTracker();
  typing.add(ANN, 0);
  typing.add(BOB, 1_000);
  assert.deepEqual(typing.names(1_000), ["Ann", "Bob"]);
  assert.equal(typing.nextExpiry, 5_000);
  typing.add(ANN, 4_000);
  assert.deepEqual(typing.names(6_000), ["Ann"]);
  typing.remove("u-1");
  assert.deepEqual(typing.names(6_000), []);
  assert.equal(typing.nextExpiry, null);
});

test("typing is sent every three seconds, and at once after a message", () => {
  const throttle = new TypingThrottle();
  assert.deepEqual(
    [0, 2_999, 3_000].map((now) => throttle.shouldSend(now)),
    [true, false, true],
  );
  throttle.reset();
  assert.equal(throttle.shouldSend(3_001), true);
});

test("on a first visit nothing is unread and nothing is reported", () => {
  const position = new ReadPosition();
  position.startAt(8);
  assert.deepEqual([position.seq, position.reportDelay(0)], [8, null]);
});

test("a read position is reported only when it grew, and not too often", () => {
  const position = new ReadPosition();
  const reported = [];
  const report = (now, isSent = true) => position.report(now, (seq) => isSent && reported.push(seq) > 0);
  position.startAt(8);
  position.confirmed(5);
  assert.deepEqual([position.seq, position.reportDelay(0)], [5, null]);
  position.advance(7);
  position.advance(6);
  assert.deepEqual([position.seq, position.reportDelay(0)], [7, 0]);
  report(0, false);
  assert.equal(position.reportDelay(0), 0, "a report that could not be sent is still due");
  report(0);
  assert.equal(position.reportDelay(0), null);
  position.advance(9);
  assert.equal(position.reportDelay(500), 1_500);
  report(2_000);
  position.confirmed(9);
  assert.equal(position.reportDelay(2_000), null);
  position.confirmed(7);
  assert.equal(position.reportDelay(4_000), 0, "the server has less than was reported over a broken connection");
  assert.deepEqual(reported, [7, 9]);
});

test("messages of others are unread unless they are deleted", () => {
  const unread = unreadEntries([1, 2, 3, 4].map(entry), 1, "me");
  assert.deepEqual(
    unread.map(({ seq }) => seq),
    [2],
  );
});

test("a count above 99 is shown as 99+", () => {
  assert.deepEqual([0, 99, 100].map(formatCount), ["0", "99", "99+"]);
});

test("the divider stands above the first unread message and moves up only", () => {
  const divider = new UnreadDivider();
  divider.update([entry(5)], "me");
  assert.equal(divider.seq, null);
  divider.open(1, 7);
  divider.update([entry(6), entry(8)], "me");
  assert.equal(divider.seq, 6);
  divider.update([entry(2), entry(6)], "me");
  assert.equal(divider.seq, 2);
  divider.update([entry(6)], "me");
  assert.equal(divider.seq, 2);
  divider.close();
  assert.equal(divider.seq, null);
});
