import { word } from "../shared/translations.js";
import { CHANNEL } from "./net/room_channel.js";
import { listenForName } from "./ui/nickname_form.js";
import { tally } from "./state/read_position.js";

const AGAIN_MS = 15_000;
// What another tab has just told the server may need a moment to be in its answers.
const SETTLE_MS = 1_000;

const list = document.getElementById("rooms");
const title = document.title;
let settling = null;
let again = false;

async function refresh() {
  if (document.visibilityState !== "visible") return;
  const response = await fetch(list.dataset.source).catch(() => null);
  if (!response?.ok) return;
  const { rooms } = await response.json();
  rooms.forEach(show);
  entitle(rooms);
}

function show({ slug, unread, head }) {
  const item = list.querySelector(`[data-room="${CSS.escape(slug)}"]`);
  if (!item) return;
  const badge = item.querySelector(".unread");
  badge.hidden = !unread;
  badge.querySelector(".count").textContent = tally(unread ?? 0);
  item.querySelector(".tally").textContent = entries(head);
}

function entries(head) {
  if (head === 0) return word("empty");
  return word(head === 1 ? "entries-one" : "entries", { count: head });
}

function entitle(rooms) {
  const sum = rooms.reduce((total, { unread }) => total + (unread ?? 0), 0);
  document.title = sum > 0 ? `(${tally(sum)}) ${title}` : title;
}

// At once, and again when it has settled; however much is said meanwhile.
function refreshSoon() {
  again = settling !== null;
  if (again) return;
  refresh();
  settling = setTimeout(settled, SETTLE_MS);
}

function settled() {
  settling = null;
  if (again) refreshSoon();
  else refresh();
}

listenForName(() => {});
document.addEventListener("visibilitychange", refresh);
addEventListener("pageshow", refresh);
setInterval(refresh, AGAIN_MS);
new BroadcastChannel(CHANNEL).addEventListener("message", refreshSoon);
