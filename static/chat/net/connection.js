import { Backoff } from "../../shared/backoff.js";
import { HANDSHAKE_TIMEOUT_MS, LivenessWatchdog } from "./liveness_watchdog.js";
import { TransportSelector } from "./transport_selector.js";

/** @import { Frame } from "../state/types.js" */
/** @import { Loss, Transport, TransportListener } from "./types.js" */

// Close codes after which a new connection would be closed again: protocol, session ended, forbidden, no such place.
const FINAL_CODES = new Set([4400, 4401, 4403, 4404]);
const TRY_LATER = 4429;
const TRY_LATER_WAIT_MS = 30_000;
const TEST_CUT_MS = 5_000;

/**
 * @typedef {{ name: string, transport?: any }} Attempt A transport from its opening to its end.
 * @typedef {object} Trial A better transport that is opened beside the one in use.
 * @property {Attempt} attempt
 * @property {string[]} others what is tried next
 * @property {ReturnType<typeof setTimeout>} timer
 */

/**
 * One transport at a time, the best that opens, for as long as the page lives.
 * A transport is open when the server has sent `welcome`.
 */
export class Connection {
  #transports;
  #onFrame;
  #onState;
  /** @type {Attempt | null} */
  #current = null;
  /** @type {Trial | null} */
  #trial = null;
  #isWelcomed = false;
  #isCut = false;
  /** The least milliseconds until the next attempt, from the server's `bye`. */
  #floor = 0;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #retryTimer = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #trialTimer = null;
  #selector = new TransportSelector();
  #backoff = new Backoff();
  #watchdog = new LivenessWatchdog(() => this.#current && this.#lost(this.#current, {}));
  /** @type {Record<string, (frame: Frame) => void>} */
  #handlers = {
    welcome: (frame) => this.#opened(frame),
    ping: ({ ts }) => this.send({ type: "pong", ts }),
    pong: () => this.#watchdog.pongReceived(),
    bye: ({ retry_after_ms: wait = 0 }) => {
      this.#floor = wait;
    },
  };

  /**
   * @param {Record<string, (listener: TransportListener) => Transport>} transports
   * @param {{ onFrame: (frame: Frame) => void, onState: (state: { name: string } & Record<string, any>) => void }} listener
   */
  constructor(transports, { onFrame, onState }) {
    this.#transports = transports;
    this.#onFrame = onFrame;
    this.#onState = onState;
  }

  open() {
    this.#drop();
    this.#onState({ name: "connecting" });
    this.#watchdog.start();
    this.#current = this.#makeAttempt(this.#selector.current);
    this.#current.transport.open();
  }

  /** False if it could not be sent. @param {Frame} frame */
  send(frame) {
    return this.#isWelcomed && this.#current?.transport.send(frame);
  }

  ping() {
    return this.send({ type: "ping", ts: Date.now() });
  }

  /** The connection may be dead unnoticed, or may be possible again. */
  wake() {
    if (this.#isCut) return;
    if (this.#retryTimer !== null) return this.open();
    if (this.ping()) this.#watchdog.expectPong();
    if (this.#trialTimer !== null) this.#tryBetter(this.#selector.better);
  }

  /** Disconnects for some seconds, so that a visitor sees that nothing is lost. */
  cut() {
    if (this.#current === null && this.#retryTimer === null) return; // closed for good
    this.#drop();
    this.#isCut = true;
    this.#retryTimer = setTimeout(() => this.open(), TEST_CUT_MS);
    this.#onState({ name: "cut", until: Date.now() + TEST_CUT_MS });
  }

  /** Disconnects for good. @param {number} [code] */
  end(code) {
    this.#drop();
    this.#onState({ name: "closed", code });
  }

  /** @param {string} name */
  #makeAttempt(name) {
    /** @type {Attempt} */
    const attempt = { name };
    attempt.transport = this.#transports[name]({
      onFrame: (frame) => this.#receive(attempt, frame),
      onActivity: () => {
        if (attempt === this.#current) this.#watchdog.activity();
      },
      onLost: (loss) => this.#lost(attempt, loss),
    });
    return attempt;
  }

  /** @param {Attempt} attempt @param {Frame} frame */
  #receive(attempt, frame) {
    if (attempt === this.#trial?.attempt && frame.type === "welcome") this.#adopt(attempt);
    if (attempt !== this.#current) return;
    if (Object.hasOwn(this.#handlers, frame.type)) this.#handlers[frame.type](frame);
    this.#onFrame(frame);
  }

  /** @param {Frame} frame */
  #opened(frame) {
    const { name } = /** @type {Attempt} */ (this.#current);
    this.#isWelcomed = true;
    this.#floor = 0;
    this.#backoff.opened(Date.now());
    this.#selector.opened(name, Date.now());
    this.#watchdog.activity();
    this.#watchdog.welcomed(frame);
    this.#scheduleTrial();
    this.#onState({ name: "connected", transport: name });
  }

  /** @param {Attempt} attempt @param {Loss} loss */
  #lost(attempt, { code, floor = 0 }) {
    if (attempt === this.#trial?.attempt) return this.#tryBetter(this.#trial.others);
    if (attempt !== this.#current) return;
    // On a dead network the close event comes only after the browser's own timeout, a minute or more.
    this.#drop();
    if (code !== undefined && FINAL_CODES.has(code)) return this.#onState({ name: "closed", code });
    this.#selector.lost(Date.now());
    this.#retryLater(Math.max(this.#floor, floor, code === TRY_LATER ? TRY_LATER_WAIT_MS : 0));
  }

  /** @param {number} floor */
  #retryLater(floor) {
    const wait = this.#backoff.next(Date.now(), floor);
    this.#floor = 0;
    this.#retryTimer = setTimeout(() => this.open(), wait);
    this.#onState(navigator.onLine ? { name: "reconnecting", until: Date.now() + wait } : { name: "offline" });
  }

  #drop() {
    clearTimeout(this.#retryTimer ?? undefined);
    this.#retryTimer = null;
    this.#isCut = false;
    this.#isWelcomed = false;
    this.#watchdog.stop();
    this.#stopTrial();
    const attempt = this.#current;
    this.#current = null;
    attempt?.transport.close();
  }

  // ---- A better transport is opened beside the one in use, which stays until the other is welcomed ----

  #scheduleTrial() {
    this.#stopTrial();
    if (this.#selector.better.length === 0) return;
    this.#trialTimer = setTimeout(() => this.#tryBetter(this.#selector.better), this.#selector.nextTrialDelay());
  }

  /** @param {string[]} names best first */
  #tryBetter([name, ...others]) {
    if (name === undefined) return this.#scheduleTrial();
    this.#stopTrial();
    const attempt = this.#makeAttempt(name);
    this.#trial = { attempt, others, timer: setTimeout(() => this.#lost(attempt, {}), HANDSHAKE_TIMEOUT_MS) };
    attempt.transport.open();
  }

  /** @param {Attempt} attempt */
  #adopt(attempt) {
    const previous = this.#current;
    this.#current = attempt;
    clearTimeout(this.#trial?.timer);
    this.#trial = null;
    previous?.transport.close();
  }

  #stopTrial() {
    clearTimeout(this.#trialTimer ?? undefined);
    this.#trialTimer = null;
    clearTimeout(this.#trial?.timer);
    const trial = this.#trial;
    this.#trial = null;
    trial?.attempt.transport.close();
  }
}
