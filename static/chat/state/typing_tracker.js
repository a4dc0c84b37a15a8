const SHOWN_MS = 5_000;
const SAID_MS = 3_000;

// Who is typing, as far as their frames tell. Every moment is given; it sees neither clock nor page.
export class Typists {
  #until = new Map();

  heard({ key, name }, now) {
    this.#until.set(key, { name, end: now + SHOWN_MS });
  }

  spoke(key) {
    this.#until.delete(key);
  }

  clear() {
    this.#until.clear();
  }

  names(now) {
    for (const [key, { end }] of this.#until) if (end <= now) this.#until.delete(key);
    return Array.from(this.#until.values(), ({ name }) => name);
  }

  // When the next of them is to be forgotten; null if nobody is typing.
  get ends() {
    return this.#until.size === 0 ? null : Math.min(...Array.from(this.#until.values(), ({ end }) => end));
  }
}

// Says that this person is typing, as seldom as keeps them shown to the others.
export class TypingPace {
  #next = -Infinity;

  due(now) {
    if (now < this.#next) return false;
    this.#next = now + SAID_MS;
    return true;
  }

  // Said or sent: the next letter is the beginning of something new.
  ended() {
    this.#next = -Infinity;
  }
}
