import { word } from "../shared/translations.js";
import { Feed } from "./overview_source.js";
import { RoomRow } from "./room_row.js";
import { Rows } from "./table_rows.js";
import { WorkerRow } from "./worker_row.js";

const at = (id) => document.getElementById(id);
const paths = at("live").dataset;
const token = at("token").elements.csrfmiddlewaretoken.value;

const workers = new Rows(at("workers"), (labels) => new WorkerRow(labels));
const rooms = new Rows(at("rooms"), (labels) => new RoomRow(labels, paths, paths.close && close));

function become(name) {
  at("live").dataset.state = name;
  at("state").dataset.state = name;
  if (at("state").textContent !== word(name)) at("state").textContent = word(name);
}

async function close(room) {
  const request = { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams({ room: room.id }) };
  const closed = await fetch(paths.close, request).then(({ status }) => status === 204, () => false);
  at("said").textContent = word(closed ? "closed" : "not-closed", { room: room.name });
}

const feed = new Feed(paths.source, {
  onState: become,
  onOverview: (overview) => {
    workers.show(overview.workers);
    rooms.show(overview.rooms);
  },
});
feed.open();
