const SUBPROTOCOL = "twinstream.v1";

// The best tap: frames in both directions on one WebSocket.
export class SocketTap {
  #url;
  #tell;
  #socket = null;

  constructor(url, tell) {
    this.#url = url;
    this.#tell = tell;
  }

  open() {
    try {
      this.#socket = new WebSocket(this.#url, SUBPROTOCOL);
    } catch {
      return this.#tell.lost({}); // an extension forbids it
    }
    // One that the policy of the page forbids is never closed, since it was never open.
    this.#socket.onerror = () => this.#tell.lost({});
    this.#socket.onmessage = ({ data }) => {
      this.#tell.heard();
      this.#tell.frame(JSON.parse(data));
    };
    this.#socket.onclose = ({ code }) => this.#tell.lost({ code });
  }

  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  close() {
    this.#socket?.close();
  }
}
