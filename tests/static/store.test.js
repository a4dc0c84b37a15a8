import assert from "node:assert/strict";
import test from "node:test";
import { Store } from "../../static/shared/store.js";

const reducers = {
  add: (state, { number }) => {
    state.sum += number;
    return { sum: state.sum };
  },
};

test("a subscriber that fails does not affect the others", () => {
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  const store = new Store({ sum: 0 }, reducers);
  const received = [];
  store.subscribe({
    sum: () => {
      throw new Error("failed");
    },
  });
  store.subscribe({ sum: (sum) => received.push(sum) });
  store.dispatch({ type: "add", number: 1 });
  store.dispatch({ type: "add", number: 2 });
  assert.deepEqual(received, [1, 3]);
  assert.deepEqual(reported, ["failed", "failed"]);
});

test("an action of a subscriber is processed after the current one", () => {
  const store = new Store({ sum: 0 }, reducers);
  const received = [];
  store.subscribe({ sum: (sum) => sum === 1 && store.dispatch({ type: "add", number: 10 }) });
  store.subscribe({ sum: (sum) => received.push(sum) });
  store.dispatch({ type: "add", number: 1 });
  assert.deepEqual(received, [1, 11]);
});
