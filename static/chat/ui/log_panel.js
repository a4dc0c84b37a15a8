import { byId, setText } from "../../shared/dom.js";
import { withoutAnnouncing } from "../../shared/live_region.js";
import { t } from "../../shared/translations.js";
import { LogView } from "./log_view.js";
import { Scroller } from "./scroller.js";

const TEMPLATES = { row: "row", gap: "gap", newLog: "new-log", divider: "divider" };

/** The scrolling log: draws what changed without moving what is being read, and says where the log begins. */
export class LogPanel {
  #store;
  #list = byId("log");
  #view;
  #scroller;
  #loadOlder;

  constructor(store) {
    this.#store = store;
    this.#loadOlder = () => store.dispatch({ type: "load-older" });
    const templates = Object.fromEntries(Object.entries(TEMPLATES).map(([name, id]) => [name, byId(id)]));
    this.#view = new LogView(this.#list, templates, store.state.me.key);
    this.#scroller = new Scroller(byId("scroller"), this.#list, byId("newer"), this.#loadOlder);
    store.subscribe({
      member: () => this.#view.setMember(store.state.me.key),
      log: (change) => this.#update(change),
      history: () => this.#showEdge(),
      said: () => this.#scroller.scrollToBottom(),
    });
  }

  get isAtBottom() {
    return this.#scroller.isAtBottom;
  }

  #update(change) {
    const draw = () => this.#draw(change);
    const isHistory = change.source === "history";
    const isFirst = change.source === "events" && this.#view.isEmpty;
    const drawQuietly = isHistory || isFirst ? () => withoutAnnouncing(this.#list, draw) : draw;
    if (isHistory) this.#scroller.changeAbove(drawQuietly);
    else this.#scroller.changeBelow(drawQuietly);
    this.#showEdge();
    if (change.added > 0) this.#scroller.showNewerButton();
    if (change.source === "events" && this.isAtBottom) this.#store.dispatch({ type: "trim" });
    if (isHistory || isFirst) this.#scroller.loadIfNearTop();
  }

  #draw(change) {
    const { state } = this.#store;
    if (change.reset === "new-log") this.#view.resetWithNewLog(change.resetAfter);
    if (change.reset === "gap") this.#view.resetWithGap(change.resetAfter, this.#loadOlder);
    for (const cid of change.removedItems) this.#view.removeUnsent(cid);
    for (const item of change.items) this.#show(state.unsentMessage(item));
    if (change.acknowledged) this.#view.acknowledge(change.acknowledged);
    for (const seq of change.rows) this.#showLogged(seq);
    for (const seq of change.allQuotes ? this.#view.quotedSeqs() : change.quotes) this.#updateQuotes(seq);
    if (change.isGapClosed) this.#view.closeGap();
    if (change.droppedBefore !== null) this.#view.dropBefore(change.droppedBefore);
    this.#view.showDivider(state.divider.seq);
  }

  #show(message) {
    const quote = message.reply_to ? this.#store.state.quote(message.reply_to) : undefined;
    this.#view.show({ ...message, quote });
  }

  #showLogged(seq) {
    const message = this.#store.state.message(seq);
    if (!message) return;
    this.#show(message);
    this.#updateQuotes(seq);
  }

  #updateQuotes(seq) {
    if (this.#view.quotedSeqs().has(seq)) this.#view.updateQuotes(seq, this.#store.state.quote(seq));
  }

  #showEdge() {
    const { log, isLoadingHistory } = this.#store.state;
    const isBeginning = !log.hasMore && !this.#view.isEmpty;
    setText(byId("older"), isLoadingHistory ? t("loading") : isBeginning ? t("beginning") : "");
    byId("blank").hidden = log.cursor === null || log.hasMore || !this.#view.isEmpty;
  }
}
