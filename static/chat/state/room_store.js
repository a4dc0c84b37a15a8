import { Store } from "../../shared/store.js";
import { actionReducers } from "./action_reducers.js";
import { frameReducers } from "./frame_reducers.js";
import { RoomState } from "./room_state.js";

/** @import { Environment } from "./room_state.js" */
/** @import { Frame } from "./types.js" */

/** @type {Record<string, import("../../shared/store.js").Reducer<RoomState>>} */
const reducers = {
  ...actionReducers,
  // Frames have reducers of their own: a server must not be able to dispatch an action of this person.
  frame(state, /** @type {{ frame: Frame }} */ { frame }) {
    if (frame.room !== undefined && frame.room !== state.room) return {};
    return Object.hasOwn(frameReducers, frame.type) ? frameReducers[frame.type](state, frame) : {};
  },
};

/** @param {Omit<Environment, "onQuoteLoaded">} environment */
export function createRoomStore(environment) {
  /** @type {Store<RoomState>} */
  const store = new Store(
    new RoomState({ ...environment, onQuoteLoaded: (seq) => store.dispatch({ type: "quote-loaded", seq }) }),
    reducers,
  );
  return store;
}
