/** @import { Entry } from "../state/types.js" */

/**
 * The message with exactly this seq; null if the entry is none.
 * @param {string} room
 * @param {number} seq
 * @returns {Promise<Entry | null>}
 * @throws {Error} if the server cannot be reached or refuses
 */
export async function fetchMessage(room, seq) {
  const response = await fetch(`/api/rooms/${room}/entries?before=${seq + 1}&limit=1`, { cache: "no-store" });
  if (!response.ok) throw new Error(response.statusText);
  /** @type {{ events: Entry[] }} */
  const { events } = await response.json();
  return events.find((entry) => entry.seq === seq && entry.kind === "say") ?? null;
}
