const VERSION = 1;
const CID = /^[A-Za-z0-9_.:-]{1,64}$/;
const TYPES = {
  say: ({ body, reply_to: reply }) => isText(body) && (reply === undefined || isSeq(reply)),
  edit: ({ body, ref }) => isText(body) && isSeq(ref),
  delete: ({ ref }) => isSeq(ref),
};

const isText = (value) => typeof value === "string";
const isSeq = (value) => Number.isSafeInteger(value) && value > 0;

// Keys in the order of their text are in the order of time, over all tabs.
export function keyOf({ time, cid }) {
  return `${String(time).padStart(15, "0")}-${cid}`;
}

export function toText(item) {
  return JSON.stringify({ version: VERSION, ...item });
}

// Null for what is damaged, or was kept by another version of the page.
export function toItem(key, text) {
  const item = parse(text);
  if (item?.version !== VERSION || item.key !== key || !CID.test(item.cid)) return null;
  if (!Object.hasOwn(TYPES, item.type) || !TYPES[item.type](item) || Number.isNaN(Date.parse(item.at))) return null;
  delete item.version;
  return item;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
