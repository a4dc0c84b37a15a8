import { Backoff } from "../../shared/backoff.js";
import { Chooser } from "./transport_selector.js";
import { GREETING_MS, Pulse } from "./liveness_watchdog.js";

// Coming back unasked would only be closed again: protocol, session ended, forbidden, no such place.
const STAY_AWAY = new Set([4400, 4401, 4403, 4404]);
const FLOODING = 4429;
const FLOODING_WAIT_MS = 30_000;
const CUT_MS = 5_000;

// One line at a time, over whatever tap opens, for as long as the page lives. Says its state and hands
// over every frame. A line is open when it has said `welcome`.
export class Connection {
  #taps;
  #onFrame;
  #onState;
  #line = null;
  #trial = null;
  #welcomed = false;
  #retry = null;
  #next = null;
  #cut = false;
  #floor = 0;
  #chooser = new Chooser();
  #backoff = new Backoff();
  #pulse = new Pulse(() => this.#lost(this.#line, {}));
  #own = {
    welcome: (frame) => this.#opened(frame),
    ping: ({ ts }) => this.send({ type: "pong", ts }),
    pong: () => this.#pulse.answered(),
    bye: ({ retry_after_ms: wait = 0 }) => (this.#floor = wait),
  };

  // `taps` makes a tap of each name, given what to tell.
  constructor(taps, { onFrame, onState }) {
    this.#taps = taps;
    this.#onFrame = onFrame;
    this.#onState = onState;
  }

  open() {
    this.#drop();
    this.#onState({ name: "connecting" });
    this.#pulse.start();
    this.#line = this.#make(this.#chooser.tap);
    this.#line.tap.open();
  }

  send(frame) {
    return this.#welcomed && this.#line.tap.send(frame);
  }

  ping() {
    return this.send({ type: "ping", ts: Date.now() });
  }

  wake() {
    if (this.#cut) return;
    if (this.#retry !== null) return this.open();
    if (this.ping()) this.#pulse.expectSoon();
    if (this.#next !== null) this.#try(this.#chooser.better);
  }

  // For whoever wants to see that nothing is lost.
  cut() {
    if (this.#line === null && this.#retry === null) return; // there is no wire any more
    this.#drop();
    this.#cut = true;
    this.#retry = setTimeout(() => this.open(), CUT_MS);
    this.#onState({ name: "cut", until: Date.now() + CUT_MS });
  }

  // There is nothing to come back to, whatever the line could do.
  end(code) {
    this.#drop();
    this.#onState({ name: "closed", code });
  }

  #make(name) {
    const line = { name };
    line.tap = this.#taps[name]({
      frame: (frame) => this.#receive(line, frame),
      heard: () => line === this.#line && this.#pulse.heard(),
      lost: (why) => this.#lost(line, why),
    });
    return line;
  }

  #receive(line, frame) {
    if (line === this.#trial && frame.type === "welcome") this.#adopt();
    if (line !== this.#line) return;
    if (Object.hasOwn(this.#own, frame.type)) this.#own[frame.type](frame);
    this.#onFrame(frame);
  }

  #opened(frame) {
    const { name } = this.#line;
    this.#welcomed = true;
    this.#floor = 0;
    this.#backoff.opened(Date.now());
    this.#chooser.opened(name, Date.now());
    this.#pulse.heard();
    this.#pulse.greeted(frame);
    this.#tryLater();
    this.#onState({ name: "connected", tap: name });
  }

  #lost(line, { code, floor = 0 }) {
    if (line === this.#trial) return this.#try(line.others);
    if (line !== this.#line) return;
    // close() on a dead network reports only after the browser's own patience, a minute or more.
    this.#drop();
    if (STAY_AWAY.has(code)) return this.#onState({ name: "closed", code });
    this.#chooser.lost(Date.now());
    this.#comeBack(Math.max(this.#floor, floor, code === FLOODING ? FLOODING_WAIT_MS : 0));
  }

  #comeBack(floor) {
    const wait = this.#backoff.next(Date.now(), floor);
    this.#floor = 0;
    this.#retry = setTimeout(() => this.open(), wait);
    this.#onState(navigator.onLine ? { name: "reconnecting", until: Date.now() + wait } : { name: "offline" });
  }

  #drop() {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#cut = false;
    this.#welcomed = false;
    this.#pulse.stop();
    this.#stopTrying();
    const line = this.#line;
    this.#line = null;
    line?.tap.close();
  }

  // ---- A better tap beside the one in use, which is kept until the other has opened ----

  #tryLater() {
    this.#stopTrying();
    if (this.#chooser.better.length === 0) return;
    this.#next = setTimeout(() => this.#try(this.#chooser.better), this.#chooser.trialIn());
  }

  #try([name, ...others]) {
    if (name === undefined) return this.#tryLater();
    this.#stopTrying();
    const line = this.#make(name);
    this.#trial = Object.assign(line, { others, timer: setTimeout(() => this.#lost(line, {}), GREETING_MS) });
    return line.tap.open();
  }

  #adopt() {
    const line = this.#line;
    this.#line = this.#trial;
    clearTimeout(this.#line.timer);
    this.#trial = null;
    line.tap.close();
  }

  #stopTrying() {
    clearTimeout(this.#next);
    this.#next = null;
    clearTimeout(this.#trial?.timer);
    const trial = this.#trial;
    this.#trial = null;
    trial?.tap.close();
  }
}
