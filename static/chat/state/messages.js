import { Changes } from "./pending_changes.js";
import { fetchMessage, Quotes } from "./quoted_messages.js";

function newer(known, entry) {
  return entry.deleted || entry.seq < known?.seq ? known : entry;
}

// What is shown of an entry: as the log has it, under the changes that are on their way, with what it quotes.
export class Messages {
  #log;
  #outbox;
  #view;
  #changes = new Changes();
  #taken = 0;
  #changed;
  #quotes;

  // `changed(entry)`: what this message is now.
  constructor({ room, log, outbox, view, changed }) {
    this.#log = log;
    this.#outbox = outbox;
    this.#view = view;
    this.#changed = changed;
    this.#quotes = new Quotes({
      inLog: (seq) => log.entry(seq),
      asItIs: (entry) => log.asItIs(entry),
      fetch: (seq) => fetchMessage(room, seq),
      arrived: (seq) => this.#requote(seq),
    });
  }

  // The message as this person sees it; undefined if the page does not hold it.
  at(seq) {
    const entry = this.#log.entry(seq);
    return entry && this.#changes.over(entry);
  }

  // The newest that this member could still change.
  lastOf(key) {
    const own = Array.from(this.#log.entries()).filter(({ author }) => author.key === key);
    return own.map(({ seq }) => this.at(seq)).reduce(newer, null);
  }

  show(entry) {
    const now = this.#changes.over(entry);
    this.#view.show(this.#shown(now));
    if (!entry.seq) return;
    this.#requote(entry.seq);
    this.#changed(now);
  }

  // The log has taken in these events, which leaves it with these entries.
  took(events, entries) {
    entries.forEach((entry) => this.show(entry));
    const fresh = events.filter(({ ref, seq }) => ref && seq > this.#taken && seq <= this.#log.last);
    this.#taken = this.#log.last;
    fresh.forEach((event) => this.#take(event));
    this.#changes.reached(this.#log.last).forEach((ref) => this.#again(ref));
  }

  // Joined again: where entries were skipped, nobody told what happened to those that are quoted.
  joined({ voided, gap }) {
    if (voided) this.#taken = this.#log.last;
    if (voided || gap) this.#quotes.forget();
    this.#quotes.again();
    this.#changes.reached(this.#log.last).forEach((ref) => this.#again(ref));
    if (gap) this.#view.quoted().forEach((seq) => this.#requote(seq));
  }

  // ---- Changes that are on their way ----

  changing(cid) {
    return this.#changes.get(cid);
  }

  change(command) {
    this.#forgetRefused(command.ref);
    this.begin(this.#outbox.add(command));
  }

  // `item` is in the outbox.
  begin(item) {
    this.#changes.add(item);
    this.#again(item.ref);
  }

  acknowledge(cid, seq) {
    const { ref } = this.#changes.get(cid);
    this.#changes.acknowledge(cid, seq);
    this.#changes.reached(this.#log.last);
    this.#again(ref);
  }

  refuse(cid, code) {
    const { ref } = this.#changes.get(cid);
    if (this.#log.entry(ref)?.deleted) return this.discard(cid);
    this.#changes.refuse(cid, code);
    return this.#again(ref);
  }

  discard(cid) {
    this.#outbox.discard(cid);
    return this.forget(cid);
  }

  // Somebody else's, or settled in another tab.
  forget(cid) {
    const item = this.#changes.get(cid);
    this.#changes.drop(cid);
    this.#again(item?.ref);
    return item;
  }

  // ---- Their parts ----

  #shown(entry) {
    return entry.reply_to ? { ...entry, quote: this.#quote(entry.reply_to) } : entry;
  }

  #quote(seq) {
    const entry = this.#quotes.of(seq);
    return entry && this.#changes.over(entry);
  }

  #again(seq) {
    const entry = this.#log.entry(seq);
    if (entry) this.show(entry);
  }

  #requote(seq) {
    this.#view.requote(seq, () => this.#quote(seq));
  }

  #take(event) {
    this.#quotes.fold(event);
    this.#changes.drop(event.cid);
    this.#requote(event.ref);
    this.#again(event.ref);
  }

  #forgetRefused(ref) {
    const { change } = this.at(ref) ?? {};
    if (change) this.discard(change.cid);
  }
}
