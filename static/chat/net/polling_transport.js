import { heads, joined, news } from "./http_frames.js";
import { Requests } from "./http_requests.js";

// Proxies give up at 30 or later.
const WAIT_S = 25;
const TIMEOUT_S = 40;

// Asks for what is new, again and again; an answer comes when there is something, or at the end of the wait.
export class PollTap {
  #place;
  #tell;
  #requests;
  #round = 0;

  constructor(place, tell) {
    this.#place = place;
    this.#tell = tell;
    this.#requests = new Requests(place, tell);
  }

  open() {
    const { cursor, limits } = this.#place;
    this.#ask(cursor(), 0, () => this.#tell.frame({ type: "welcome", timeout_s: TIMEOUT_S, limits }));
  }

  send(command) {
    const cursor = this.#place.cursor();
    if (command.type !== "join") return this.#requests.send({ ...command, cursor });
    this.#ask(command.cursor, 0, (answer) => this.#take({ ...answer, reset: true }));
    return true;
  }

  close() {
    this.#round += 1;
    this.#requests.close();
  }

  // One question at a time: the answer to an earlier one would come out of order.
  async #ask(cursor, wait, take) {
    this.#round += 1;
    const round = this.#round;
    const { answer, loss } = await this.#requests.poll(cursor, wait);
    if (round !== this.#round) return;
    if (loss) return this.#tell.lost(loss);
    this.#tell.heard();
    take(answer);
  }

  #take(answer) {
    const { room } = this.#place;
    const round = this.#round;
    if (answer.reset) this.#tell.frame(joined(room, answer));
    for (const frame of [...news(room, answer), heads(room, answer)]) this.#tell.frame(frame);
    // A frame may have shown a hole, and somebody joined again.
    if (round === this.#round) this.#ask(this.#place.cursor(), WAIT_S, (next) => this.#take(next));
  }
}
