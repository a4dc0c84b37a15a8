import { PollTap } from "./polling_transport.js";
import { SocketTap } from "./socket_transport.js";
import { StreamTap } from "./event_stream_transport.js";

// What makes a tap of each name to the room of a page, whose reader stands at `cursor()` and whose person is `me()`.
export function tapsTo({ room, socket, entries, events, bodyLimit, frameLimit }, { cursor, me }) {
  const url = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${socket}`;
  const limits = { body: Number(bodyLimit) || undefined, frame: Number(frameLimit) || undefined };
  const place = { room, entries, events, limits, cursor, me };
  return {
    socket: (tell) => new SocketTap(url, tell),
    stream: (tell) => new StreamTap(place, tell),
    poll: (tell) => new PollTap(place, tell),
  };
}
