// What an answer over HTTP means, in the frames that a socket would have sent.

const CLOSED = { 401: 4401, 403: 4403, 404: 4404, 410: 4404 };
const UNANSWERED_MS = 1_000;

// Where a cursor stood before these entries; they are dense.
function before(cursor, { length }) {
  const [, epoch, seq] = /^(.*):(\d+)$/.exec(cursor);
  return `${epoch}:${Number(seq) - length}`;
}

export function joined(room, { epoch, cursor, head, reset, events }) {
  return { type: "joined", room, epoch, head, reset, cursor: before(cursor, events) };
}

export function news(room, { cursor, events }) {
  return events.length === 0 ? [] : [{ type: "events", room, cursor, events }];
}

export function heads(room, { head }) {
  return { type: "ping", heads: { [room]: head } };
}

// Why a line is lost, from the status that it ended with and the error in its body.
export function loss(status, error) {
  return { code: CLOSED[status], floor: error?.retry_after_ms };
}

// The frame that answers a command. One that neither acknowledges nor refuses this very command,
// such as the page of a proxy or a refused CSRF token, leaves open what became of it.
export function answer(room, { cid }, body) {
  const known = body?.type === "error" ? body.cid === cid : body?.type !== undefined;
  return known ? body : { type: "error", code: "internal", room, cid, retry_after_ms: UNANSWERED_MS };
}
