// Between the pages of one browser: a room has been read, or has something new to read.
export const CHANNEL = "twinstream-rooms";
