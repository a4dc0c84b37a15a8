import assert from "node:assert/strict";
import { test } from "node:test";
import * as frames from "../../static/chat/net/http_frames.js";
import { TransportSelector } from "../../static/chat/net/transport_selector.js";
import { ConnectionStats } from "../../static/chat/state/connection_stats.js";
import { Backoff } from "../../static/shared/backoff.js";

test("backoff grows up to 30 s and starts again after 10 stable seconds", () => {
  const backoff = new Backoff(() => 1);
  const waits = Array.from({ length: 13 }, (_, n) => backoff.next(n));
  assert.deepEqual(waits.slice(0, 4), [500, 750, 1_125, 1_687.5]);
  assert.deepEqual(
    waits.slice(0, 11),
    Array.from({ length: 11 }, (_, n) => 500 * 1.5 ** n),
  );
  assert.deepEqual(waits.slice(11), [30_000, 30_000]);
  backoff.opened(1_000);
  assert.equal(backoff.next(10_999), 30_000);
  backoff.opened(20_000);
  assert.deepEqual([backoff.next(30_000), backoff.next(30_001, 5_000)], [500, 5_750]);
});

test("the next transport has its turn after three attempts that failed", () => {
  const selector = new TransportSelector(() => 1);
  const turns = Array.from({ length: 10 }, (_, now) => {
    const { current } = selector;
    selector.lost(now);
    return current;
  });
  assert.deepEqual(turns, [
    ...["socket", "socket", "socket"],
    ...["stream", "stream", "stream"],
    ...["poll", "poll", "poll"],
    "socket",
  ]);
});

test("a transport that was open for 10 s has not failed, one that was cut at once has", () => {
  const selector = new TransportSelector(() => 1);
  const openAndLose = (from, to) => {
    selector.opened(selector.current, from);
    selector.lost(to);
    return selector.current;
  };
  const first = [openAndLose(0, 9_999), openAndLose(10_000, 19_999), openAndLose(20_000, 30_000)];
  assert.deepEqual(first, ["socket", "socket", "socket"]);
  const second = [openAndLose(40_000, 41_000), openAndLose(50_000, 51_000), openAndLose(60_000, 61_000)];
  assert.deepEqual(second, ["socket", "socket", "stream"]);
  assert.deepEqual(selector.better, ["socket"]);
  selector.opened("socket", 70_000);
  assert.deepEqual([selector.current, selector.better], ["socket", []]);
});

test("a better transport is tried soon, then ever later, and soon again after a stable one", () => {
  const selector = new TransportSelector(() => 1);
  const waits = Array.from({ length: 6 }, () => selector.nextTrialDelay());
  assert.deepEqual(waits, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  selector.opened("socket", 0);
  selector.lost(10_000);
  assert.equal(selector.nextTrialDelay(), 5_000);
  assert.equal(new TransportSelector(() => 0).nextTrialDelay(), 2_500);
});

test("answers over HTTP become the frames of a socket", () => {
  const events = [{ seq: 6 }, { seq: 7 }];
  const body = { epoch: "e1", cursor: "e1:7:m7", head: 9, reset: true, events };
  assert.equal(frames.joinedFrame("r", body).cursor, "e1:5");
  assert.equal(frames.joinedFrame("r", { ...body, events: [] }).cursor, "e1:7:m7");
  assert.equal(frames.eventsFrames("r", body).length, 1);
  assert.deepEqual(frames.eventsFrames("r", { ...body, events: [] }), []);
  assert.deepEqual(frames.headsFrame("r", body).heads, { r: 9 });
});

test("a status over HTTP becomes the close code of a socket", () => {
  assert.equal(frames.lossOf(403, null).code, 4403);
  assert.equal(frames.lossOf(410, {}).code, 4404);
  assert.deepEqual(frames.lossOf(503, { retry_after_ms: 5 }), { code: undefined, floor: 5 });
  assert.deepEqual(frames.lossOf(0, null), { code: undefined, floor: undefined });
});

test("an answer that does not concern the command leaves its outcome open", () => {
  const command = { type: "say", cid: "c" };
  const answer = (body) => frames.commandAnswer("r", command, body);
  assert.equal(answer({ type: "ack", cid: "c" }).type, "ack");
  assert.equal(answer({ type: "error", cid: "c", code: "too_long" }).code, "too_long");
  assert.equal(answer({ type: "error", code: "forbidden" }).code, "internal");
  assert.equal(answer(null).code, "internal");
});

test("the statistics count received, duplicate and recovered entries", () => {
  const stats = new ConnectionStats();
  const result = { isNewLog: false, gap: null };
  const numbers = () => [stats.head, stats.received, stats.duplicates, stats.gapsRecovered];
  stats.joined({ head: 2 }, null, result);
  stats.appended({ accepted: 2, duplicates: 0 }, 2);
  assert.deepEqual(numbers(), [2, 2, 0, 0]);
  stats.joined({ head: 5 }, 2, result);
  stats.appended({ accepted: 2, duplicates: 1 }, 4);
  assert.deepEqual(numbers(), [5, 4, 1, 0]);
  stats.appended({ accepted: 1, duplicates: 0 }, 5);
  assert.deepEqual(numbers(), [5, 5, 1, 1]);
  stats.joined({ head: 900 }, 5, { isNewLog: false, gap: { after: 5 } });
  stats.appended({ accepted: 50, duplicates: 0 }, 900);
  assert.deepEqual(numbers(), [900, 55, 1, 1]);
  stats.prepended({ added: [1, 2], closedGap: null });
  stats.prepended({ added: [], closedGap: {} });
  assert.deepEqual(numbers(), [900, 57, 1, 2]);
});
