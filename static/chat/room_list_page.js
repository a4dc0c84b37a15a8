import { byId } from "../shared/dom.js";
import { t } from "../shared/translations.js";
import { ROOM_CHANNEL } from "./net/room_channel.js";
import { formatCount } from "./state/unread.js";
import { listenForRename } from "./ui/nickname_form.js";

const REFRESH_MS = 15_000;
// What another tab has just reported may take a moment to be in the server's answer.
const SETTLE_MS = 1_000;

const list = byId("rooms");
const { title } = document;
/** @type {ReturnType<typeof setTimeout> | null} */
let settleTimer = null;
let isRefreshWanted = false;

async function refresh() {
  if (document.visibilityState !== "visible") return;
  const response = await fetch(list.dataset.source).catch(() => null);
  if (!response?.ok) return;
  const { rooms } = await response.json();
  rooms.forEach(showRoom);
  showTotal(rooms);
}

function showRoom({ slug, unread, head }) {
  const item = list.querySelector(`[data-room="${CSS.escape(slug)}"]`);
  if (!item) return;
  const badge = item.querySelector(".unread");
  badge.hidden = !unread;
  badge.querySelector(".count").textContent = formatCount(unread ?? 0);
  item.querySelector(".entry-count").textContent = describeEntries(head);
}

function describeEntries(head) {
  if (head === 0) return t("empty");
  return t(head === 1 ? "entries-one" : "entries", { count: head });
}

function showTotal(rooms) {
  const sum = rooms.reduce((total, { unread }) => total + (unread ?? 0), 0);
  document.title = sum > 0 ? `(${formatCount(sum)}) ${title}` : title;
}

// Now, and once more when the server has settled, however many messages come in between.
function refreshSoon() {
  isRefreshWanted = settleTimer !== null;
  if (isRefreshWanted) return;
  refresh();
  settleTimer = setTimeout(settled, SETTLE_MS);
}

function settled() {
  settleTimer = null;
  if (isRefreshWanted) refreshSoon();
  else refresh();
}

listenForRename(() => {});
document.addEventListener("visibilitychange", refresh);
addEventListener("pageshow", refresh);
setInterval(refresh, REFRESH_MS);
new BroadcastChannel(ROOM_CHANNEL).addEventListener("message", refreshSoon);
