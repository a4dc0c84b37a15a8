import { forget, keep, kept, keysFrom, onChange } from "../shared/storage.js";
import { toItem, toText } from "./state/outbox_item.js";

// Where the outbox of one person and room outlives the page. Each item has a key of its own: tabs that
// kept a list together would overwrite each other's.
export class OutboxStore {
  #prefix;

  constructor(member, room) {
    this.#prefix = `twinstream:outbox:${member}:${room}:`;
  }

  load() {
    const items = keysFrom(this.#prefix).map((key) => this.#item(key, kept(key)));
    return items.filter((item) => item !== null);
  }

  save(item) {
    keep(this.#prefix + item.key, toText(item));
  }

  remove({ key }) {
    forget(this.#prefix + key);
  }

  // Calls `saved` with an item, `removed` with the key of one.
  watch({ saved, removed }) {
    onChange((key, text) => {
      if (!key.startsWith(this.#prefix)) return;
      const item = text === null ? null : this.#item(key, text);
      if (item) saved(item);
      if (text === null) removed(key.slice(this.#prefix.length));
    });
  }

  #item(key, text) {
    return toItem(key.slice(this.#prefix.length), text);
  }
}
