import assert from "node:assert/strict";
import { test } from "node:test";
import { Log } from "../../static/chat/state/log.js";

const say = (seq, fields = {}) => ({ seq, kind: "say", body: `b${seq}`, ...fields });
const seqs = (entries) => entries.map(({ seq }) => seq);

/** The cursor after some entries. */
const after = (entries) => `e:${Math.max(...seqs(entries))}:m${Math.max(...seqs(entries))}`;
const append = (log, entries) => log.append(entries, after(entries));

function joinedLog({ cursor = "e:0:m0" } = {}, ...entries) {
  const log = new Log();
  log.joined({ cursor });
  if (entries.length > 0) append(log, entries);
  return log;
}

test("a log adds what follows, ignores duplicates and notices holes", () => {
  const log = joinedLog();
  assert.deepEqual(seqs(append(log, [say(1), say(2)]).added), [1, 2]);
  const repeated = append(log, [say(1), say(2), say(3)]);
  assert.deepEqual(seqs(repeated.added), [3]);
  assert.equal(repeated.duplicates, 2);
  const hole = append(log, [say(5)]);
  assert.deepEqual([hole.added, hole.hasHole, log.cursor], [[], true, "e:3:m3"]);
  assert.deepEqual(seqs(append(log, [say(4), say(5)]).added), [4, 5]);
  assert.equal(log.cursor, "e:5:m5");
});

test("a log applies edits and deletions", () => {
  const edit = { seq: 2, kind: "edit", ref: 1, body: "new", at: "then" };
  const log = joinedLog({}, say(1));
  assert.deepEqual(append(log, [edit]).changed, [say(1, { body: "new", edited_at: "then" })]);
  const deleted = append(log, [{ seq: 3, kind: "delete", ref: 1, body: "" }]);
  assert.deepEqual(deleted.changed, [say(1, { body: "", edited_at: "then", deleted: true })]);
  assert.deepEqual(append(log, [{ ...edit, seq: 4, body: "back" }]).changed, []);
});

test("a log that joins behind its head has a gap, which history closes", () => {
  const log = joinedLog({}, say(1), say(2));
  const { isNewLog, gap } = log.joined({ cursor: "e:7:m7", reset: true });
  assert.equal(isNewLog, false);
  assert.equal(gap.after, 2);
  append(log, [say(8), say(9)]);
  const first = log.prepend({ before: 8, events: [say(5), say(6), say(7)], more: true });
  assert.deepEqual(seqs(first.added), [5, 6, 7]);
  assert.equal(first.closedGap, null);
  const rest = log.prepend({ before: 5, events: [say(3), say(4)], more: true });
  assert.notEqual(rest.closedGap, null);
  // Changes of the entries before the gap were missed, so they are removed.
  assert.equal(log.entry(2), undefined);
});

test("a history page gets the changes that came after it was read", () => {
  const deletion = { seq: 9, kind: "delete", ref: 5, body: "", at: "2026-01-01T00:00:02" };
  const edit = { seq: 10, kind: "edit", ref: 6, body: "new", at: "2026-01-01T00:00:03" };
  const newest = say(7, { body: "newest", edited_at: "2026-01-01T00:00:09" });
  const log = joinedLog({ cursor: "e:7:m7" }, say(8), deletion, edit, { ...edit, seq: 11, ref: 7 });
  const [five, six, seven] = log.prepend({ before: 8, events: [say(5), say(6), newest], more: true }).added;
  assert.deepEqual([five.body, five.deleted, six.body], ["", true, "new"]);
  // The page had that change already, and a newer one.
  assert.equal(seven.body, "newest");
  assert.deepEqual(log.entry(5), five);
});

test("a new epoch begins a new log", () => {
  const log = joinedLog({}, say(1));
  assert.equal(log.joined({ cursor: "f:4:m4" }).isNewLog, true);
  assert.equal(log.cursor, "f:4:m4");
});

test("a reset to a place within the loaded entries begins a new log, however long that is", () => {
  const log = joinedLog({}, say(1), say(2));
  assert.equal(log.joined({ cursor: "e:2:x2", reset: true }).isNewLog, true);
  assert.deepEqual([log.cursor, log.size, log.last], ["e:2:x2", 0, 2]);
  assert.equal(log.joined({ cursor: "e:0:m0", reset: true }).isNewLog, true);
  assert.deepEqual(seqs(append(log, [say(1, { body: "other" })]).added), [1]);
});

test("the cursor is the newest one whose entries are all here", () => {
  const log = joinedLog({}, say(1), say(2));
  append(log, [say(1)]);
  assert.equal(log.cursor, "e:2:m2");
  append(log, [say(3), say(5)]);
  assert.deepEqual([log.last, log.cursor], [3, "e:2:m2"]);
  log.joined({ cursor: "e:2:m2" });
  append(log, [say(3), say(4), say(5)]);
  assert.deepEqual([log.last, log.cursor], [5, "e:5:m5"]);
});

test("a trimmed log keeps its newest entries, and history can bring the others again", () => {
  const log = joinedLog({}, say(1), say(2), say(3));
  assert.equal(log.trim(3), null);
  assert.equal(log.trim(2), 2);
  assert.deepEqual([log.size, log.first, log.hasMore], [2, 2, true]);
  assert.deepEqual(seqs(log.prepend({ before: 2, events: [say(1)], more: false }).added), [1]);
});
