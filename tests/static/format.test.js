import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRate, formatThousands, nonZeroCounts, splitDuration, sumCounts } from "../../static/dashboard/format.js";
import { interpolate } from "../../static/shared/translations.js";

const SPACE = "\u202f";

test("thousands are separated by a narrow space", () => {
  const formatted = [0, 999, 1000, 1234567].map(formatThousands);
  assert.deepEqual(formatted, ["0", "999", `1${SPACE}000`, `1${SPACE}234${SPACE}567`]);
});

test("rates have one decimal below ten", () => {
  const formatted = [null, 0, 0.04, 3.14, 9.96, 12.5, 20000].map(formatRate);
  assert.deepEqual(formatted, [null, "0", "0", "3.1", "10", "13", `20${SPACE}000`]);
});

test("durations are split by their largest unit", () => {
  const units = [-1, 59.9, 61, 3600, 90061].map((seconds) => splitDuration(seconds).unit);
  assert.deepEqual(units, ["seconds", "seconds", "minutes", "hours", "days"]);
  assert.deepEqual(splitDuration(90061).values, { days: 1, hours: 1, minutes: 1, seconds: 1 });
});

test("counts of zero are left out", () => {
  assert.deepEqual(nonZeroCounts({ b: 2, a: 1000, c: 0 }, ["a", "b", "c", "d"]), [
    { name: "a", count: `1${SPACE}000` },
    { name: "b", count: "2" },
  ]);
  assert.deepEqual([sumCounts({}), sumCounts({ a: 1, b: 2 })], [0, 3]);
});

test("a text gets its values, and a name without a value stays", () => {
  assert.equal(interpolate("{a} and {b}", { a: 1 }), "1 and {b}");
});
