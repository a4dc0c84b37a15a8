// The BroadcastChannel between the pages of one browser: something in a room was read, or is new.
export const ROOM_CHANNEL = "twinstream-rooms";
