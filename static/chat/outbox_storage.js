import { getItem, keysWithPrefix, onStorageChange, removeItem, setItem } from "../shared/storage.js";
import { parseItem, serializeItem } from "./state/outbox_item.js";

/** @import { OutboxItem } from "./state/types.js" */

/** @param {string} memberKey @param {string} room */
function prefixOf(memberKey, room) {
  return `twinstream:outbox:${memberKey}:${room}:`;
}

/** The outbox of one person and room in localStorage. Each item has its own key: tabs would overwrite a common list. */
export class OutboxStorage {
  #prefix;

  /** @param {string} memberKey @param {string} room */
  constructor(memberKey, room) {
    this.#prefix = prefixOf(memberKey, room);
  }

  load() {
    const items = keysWithPrefix(this.#prefix).map((key) => parseItem(key.slice(this.#prefix.length), getItem(key)));
    return items.filter((item) => item !== null);
  }

  /** @param {OutboxItem} item */
  save(item) {
    setItem(this.#prefix + item.key, serializeItem(item));
  }

  /** @param {{ key: string }} item */
  remove({ key }) {
    removeItem(this.#prefix + key);
  }
}

/**
 * Dispatches what other tabs do to the outboxes of this room.
 * @param {string} room
 * @param {() => string} owner the member key of the outbox in use
 * @param {(action: { type: string } & Record<string, any>) => void} dispatch
 */
export function watchOutboxStorage(room, owner, dispatch) {
  onStorageChange((storageKey, text) => {
    const prefix = prefixOf(owner(), room);
    if (!storageKey.startsWith(prefix)) return;
    const key = storageKey.slice(prefix.length);
    const item = parseItem(key, text);
    if (item) dispatch({ type: "item-saved-elsewhere", item });
    if (text === null) dispatch({ type: "item-removed-elsewhere", key });
  });
}
