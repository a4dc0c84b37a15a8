import { hasWord, word } from "../../shared/translations.js";
import { Delivery } from "./outbox_sender.js";
import { OutboxStore } from "../outbox_storage.js";

// From what somebody wants said or changed until it is in the log, or refused: kept beyond the page, shown
// meanwhile, and settled in every tab of this person.
export class Sending {
  #room;
  #me;
  #outbox;
  #messages;
  #view;
  #delivery;
  #shown;
  #reword;
  #notice;

  // `shown(change)` makes a change that is to be seen; `reword(entry, body)` gives the words of a refused edit
  // back; `notice(text)` says what has no row to be said in.
  constructor({ room, me, outbox, messages, view, send, shown, reword, notice }) {
    this.#room = room;
    this.#outbox = outbox;
    this.#messages = messages;
    this.#view = view;
    this.#delivery = new Delivery(outbox, { send, refused: (item) => this.#refused(item) });
    this.#shown = shown;
    this.#reword = reword;
    this.#notice = notice;
    this.#keepFor(me);
  }

  // Shows what was unsent when the page was left.
  restore() {
    this.#outbox.items.forEach((item) => this.#show(item));
  }

  // ---- The line ----

  welcome(frame) {
    this.#delivery.welcome(frame);
  }

  ready() {
    this.#delivery.ready();
  }

  lost() {
    this.#delivery.lost();
  }

  ack({ cid, seq }) {
    if (this.#messages.changing(cid)) this.#messages.acknowledge(cid, seq);
    else this.#view.acknowledge(cid, seq);
    this.#delivery.settle(cid);
  }

  error(frame) {
    this.#delivery.error(frame);
  }

  arrived(entries) {
    for (const { cid } of entries) this.#delivery.settle(cid);
  }

  // ---- The person ----

  say(body, to) {
    this.#show(this.#outbox.add({ type: "say", body, ...(to && { reply_to: to }) }));
    this.#delivery.pump();
  }

  change(command) {
    this.#shown(() => this.#messages.change(command));
    this.#delivery.pump();
  }

  // What was too long is too long again; its words are not lost.
  retry(cid) {
    const change = this.#messages.changing(cid);
    if (change?.refused === "too_long") this.#reword(this.#messages.at(change.ref), this.discard(cid).body);
    else this.#again(cid);
    this.#delivery.pump();
  }

  discard(cid) {
    const item = this.#outbox.discard(cid);
    this.#hide(cid);
    return item;
  }

  // A guest whose cookie is not kept gets another key with each line, and stays the one who sits here.
  iAm(known) {
    const another = known.key !== this.#me.key && !(known.guest && this.#me.key.startsWith("g-"));
    if (!another) return (this.#me = known);
    for (const { cid } of this.#outbox.items) this.#hide(cid);
    this.#keepFor(known);
    return this.restore();
  }

  // ---- Beyond this page ----

  #keepFor(me) {
    this.#me = me;
    const store = new OutboxStore(me.key, this.#room);
    const mine = (act) => (given) => this.#me.key === me.key && act(given);
    store.watch({ saved: mine((item) => this.#saved(item)), removed: mine((key) => this.#removed(key)) });
    this.#outbox.moveTo(store);
  }

  #saved(item) {
    this.#outbox.put(item);
    this.#show(item);
    this.#delivery.pump();
  }

  #removed(key) {
    const item = this.#outbox.removed(key);
    if (item) this.#hide(item.cid);
    this.#delivery.pump();
  }

  // ---- Their parts ----

  // A change of a message has no row of its own.
  #show(item) {
    this.#shown(() => (item.type === "say" ? this.#messages.show({ ...item, author: this.#me }) : this.#messages.begin(item)));
  }

  #refused(item) {
    if (item.type === "say") return this.#show(item);
    if (this.#messages.at(item.ref)) return this.#shown(() => this.#messages.refuse(item.cid, item.refused));
    this.#notice(word(hasWord(`unchanged-${item.refused}`) ? `unchanged-${item.refused}` : "unchanged"));
    return this.discard(item.cid);
  }

  #again(cid) {
    this.#hide(cid);
    const item = this.#outbox.retry(cid);
    if (item) this.#show(item);
  }

  #hide(cid) {
    this.#shown(() => {
      this.#view.discard(cid);
      this.#messages.forget(cid);
    });
  }
}
