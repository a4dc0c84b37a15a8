/**
 * State, and the one way to change it: an action is dispatched, a reducer changes the state and returns what
 * changed as topics, and the subscribers of these topics are called in the order of their subscription.
 * An action that a subscriber dispatches is processed after the current one has reached all subscribers.
 *
 * @template State
 * @typedef {(state: State, action: any) => Record<string, any> | undefined} Reducer
 */

/** @template State */
export class Store {
  #reducers;
  /** @type {Record<string, (detail: any) => void>[]} */
  #subscribers = [];
  /** @type {{ type: string }[]} */
  #queue = [];
  #isDispatching = false;

  /**
   * @param {State} state
   * @param {Record<string, Reducer<State>>} reducers by the type of their actions
   */
  constructor(state, reducers) {
    this.state = state;
    this.#reducers = reducers;
  }

  /** @param {{ type: string } & Record<string, any>} action a plain object; one without a reducer is ignored */
  dispatch(action) {
    this.#queue.push(action);
    if (this.#isDispatching) return;
    this.#isDispatching = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#process(next);
    } finally {
      this.#isDispatching = false;
    }
  }

  /** @param {Record<string, (detail: any) => void>} listeners by topic */
  subscribe(listeners) {
    this.#subscribers.push(listeners);
  }

  /** @param {{ type: string }} action */
  #process(action) {
    if (!Object.hasOwn(this.#reducers, action.type)) return;
    const changes = this.#reducers[action.type](this.state, action) ?? {};
    for (const listeners of this.#subscribers) {
      for (const [topic, detail] of Object.entries(changes)) {
        if (detail === undefined || !Object.hasOwn(listeners, topic)) continue;
        try {
          listeners[topic](detail);
        } catch (error) {
          reportError(error); // the other subscribers are called
        }
      }
    }
  }
}
