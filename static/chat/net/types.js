// Types only.

/** @import { Frame } from "../state/types.js" */

/**
 * @typedef {{ code?: number, floor?: number }} Loss Why a connection was lost: the close code, and how many
 *   milliseconds to wait at least.
 *
 * @typedef {object} TransportListener
 * @property {(frame: Frame) => void} onFrame
 * @property {() => void} onActivity the server has sent something
 * @property {(loss: Loss) => void} onLost
 *
 * @typedef {object} Transport
 * @property {() => void} open `welcome` is its first frame
 * @property {(command: Frame) => boolean} send false if it could not be sent
 * @property {() => void} close
 *
 * @typedef {object} RoomEndpoint Where a room is reached over HTTP, and for whom.
 * @property {string} room
 * @property {string} entries URL
 * @property {string} events URL
 * @property {{ body?: number, frame?: number }} limits
 * @property {() => string | null} cursor where the page stands in the log
 * @property {() => string} memberKey
 *
 * @typedef {{ type: string, cid?: string, cursor?: string } & Record<string, any>} Command
 */

export {};
