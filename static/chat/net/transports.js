import { EventStreamTransport } from "./event_stream_transport.js";
import { PollingTransport } from "./polling_transport.js";
import { SocketTransport } from "./socket_transport.js";

/** @import { Transport, TransportListener } from "./types.js" */

/**
 * A factory for each transport to a room.
 * @param {Record<string, string | undefined>} page the page's data attributes
 * @param {{ cursor: () => string | null, memberKey: () => string }} reader
 * @returns {Record<string, (listener: TransportListener) => Transport>}
 */
export function roomTransports({ room = "", socket = "", entries = "", events = "", bodyLimit, frameLimit }, reader) {
  const url = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${socket}`;
  const limits = { body: Number(bodyLimit) || undefined, frame: Number(frameLimit) || undefined };
  const endpoint = { room, entries, events, limits, ...reader };
  return {
    socket: (listener) => new SocketTransport(url, listener),
    stream: (listener) => new EventStreamTransport(endpoint, listener),
    poll: (listener) => new PollingTransport(endpoint, listener),
  };
}
