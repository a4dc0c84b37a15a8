import { ConnectionStats } from "./connection_stats.js";
import { Log } from "./log.js";
import { permissions } from "./message.js";
import { Outbox } from "./outbox.js";
import { PendingChanges } from "./pending_changes.js";
import { QuotedMessages } from "./quoted_messages.js";
import { ReadPosition } from "./read_position.js";
import { TypingTracker } from "./typing_tracker.js";
import { UnreadDivider, unreadEntries } from "./unread.js";

/** @import { Entry, Member, OutboxItem } from "./types.js" */
/** @import { OutboxStorage } from "./outbox.js" */

/**
 * @typedef {object} Environment What the state needs from outside.
 * @property {string} room the room's slug
 * @property {Member} me
 * @property {boolean} isModerator
 * @property {() => string} newCid
 * @property {() => number} now milliseconds since 1970
 * @property {(memberKey: string) => OutboxStorage} storageFor
 * @property {(seq: number) => Promise<Entry | null>} fetchMessage
 * @property {(seq: number) => void} onQuoteLoaded
 */

/** Everything that the page of a room knows. The reducers change it, views read it. */
export class RoomState {
  /** @type {{ name: string, transport?: string, until?: number, code?: number }} */
  connection = { name: "connecting" };
  /** @type {{ body?: number, frame?: number }} */
  limits = {};
  /** Undefined while the transport does not report who is online. @type {Member[] | undefined} */
  online = undefined;
  /** @type {{ about: "room" | "change" | "server", code: string, text?: string } | null} */
  notice = null;
  isLoadingHistory = false;
  /** Changes in the log up to this seq have been applied to what is shown. */
  appliedUpTo = 0;
  log = new Log();
  pendingChanges = new PendingChanges();
  typing = new TypingTracker();
  readPosition = new ReadPosition();
  divider = new UnreadDivider();
  stats = new ConnectionStats();

  /** @param {Environment} environment */
  constructor({ room, me, isModerator, newCid, now, storageFor, fetchMessage, onQuoteLoaded }) {
    this.room = room;
    this.me = me;
    this.isModerator = isModerator;
    this.now = now;
    this.storageFor = storageFor;
    this.outboxOwner = me.key;
    this.outbox = new Outbox(newCid, storageFor(me.key), now);
    this.quotes = new QuotedMessages({
      inLog: (seq) => this.log.entry(seq),
      withLaterChange: (entry) => this.log.withLaterChange(entry),
      fetch: fetchMessage,
      onLoaded: onQuoteLoaded,
    });
  }

  /** The message with this person's pending changes; undefined if it is not loaded. @param {number} seq */
  message(seq) {
    const entry = this.log.entry(seq);
    return entry && this.pendingChanges.applyTo(entry);
  }

  /** A message that is not in the log yet, in the form of an entry. @param {OutboxItem} item */
  unsentMessage(item) {
    return { ...item, kind: "say", body: item.body ?? "", author: this.me };
  }

  /** The quoted message; null if there is none, undefined while it is being fetched. @param {number} seq */
  quote(seq) {
    const entry = this.quotes.get(seq);
    return entry && this.pendingChanges.applyTo(entry);
  }

  /** This person's newest message that is not deleted. */
  lastOwnMessage() {
    const own = Array.from(this.log.entries()).filter(({ author }) => author.key === this.me.key);
    const messages = own.map((entry) => this.pendingChanges.applyTo(entry)).filter(({ deleted }) => !deleted);
    return messages.reduce(
      (newest, each) => (each.seq > (newest?.seq ?? 0) ? each : newest),
      /** @type {Entry | null} */ (null),
    );
  }

  /** @param {number} seq */
  permissions(seq) {
    return permissions(this.message(seq), this.me.key, this.isModerator);
  }

  unreadCount() {
    return unreadEntries(this.log.entries(), this.readPosition.seq, this.me.key).length;
  }

  get unsentCount() {
    return this.outbox.size;
  }
}
