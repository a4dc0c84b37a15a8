const PAUSE_MS = 2_000;

// How far this person has read in the room, and when to tell the server. Every moment is given; it sees neither clock nor page.
export class ReadMarker {
  #read = 0;
  #told = 0;
  #from = 0;
  #next = -Infinity;

  // What comes after this is unread.
  get read() {
    return Math.max(this.#from, this.#read);
  }

  // A log is opened, perhaps another: its numbers mean other entries then. Who was never here has missed nothing of it.
  begin(head) {
    this.#read = 0;
    this.#told = 0;
    this.#from = head;
  }

  // What the server knows. It may be less than was told on a line that broke.
  told(seq) {
    this.#told = seq;
    this.#from = 0;
    this.see(seq);
  }

  see(seq) {
    this.#read = Math.max(this.#read, seq);
  }

  // How long to wait before telling; null if there is nothing to tell.
  wait(now) {
    return this.#read > this.#told ? Math.max(0, this.#next - now) : null;
  }

  // `sent(seq)` answers whether it left.
  tell(now, sent) {
    if (!sent(this.#read)) return;
    this.#told = this.#read;
    this.#next = now + PAUSE_MS;
  }
}

// The messages of others after `read`.
export function unread(entries, read, me) {
  return Array.from(entries).filter(({ seq, author, deleted }) => seq > read && author.key !== me && !deleted);
}

const COUNTED_MOST = 99;

export function tally(count) {
  return count > COUNTED_MOST ? `${COUNTED_MOST}+` : String(count);
}
