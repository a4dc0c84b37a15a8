import { byId, setText } from "../shared/dom.js";
import { t } from "../shared/translations.js";
import { OverviewSource } from "./overview_source.js";
import { RoomRow } from "./room_row.js";
import { TableRows } from "./table_rows.js";
import { WorkerRow } from "./worker_row.js";

const urls = byId("dashboard").dataset;
const csrfToken = byId("token").elements.csrfmiddlewaretoken.value;

// Only staff with the permission get a URL to close connections.
const onClose = urls.close && closeConnections;
const workers = new TableRows(byId("workers"), (labels) => new WorkerRow(labels));
const rooms = new TableRows(byId("rooms"), (labels) => new RoomRow(labels, { roomsUrl: urls.rooms, onClose }));

function showState(name) {
  byId("dashboard").dataset.state = name;
  byId("state").dataset.state = name;
  setText(byId("state"), t(name));
}

async function closeConnections(room) {
  const request = {
    method: "POST",
    headers: { "X-CSRFToken": csrfToken },
    body: new URLSearchParams({ room: room.id }),
  };
  const isClosed = await fetch(urls.close, request).then(
    ({ status }) => status === 204,
    () => false,
  );
  byId("result").textContent = t(isClosed ? "closed" : "not-closed", { room: room.name });
}

const source = new OverviewSource(urls.source, {
  onState: showState,
  onOverview(overview) {
    workers.show(overview.workers);
    rooms.show(overview.rooms);
  },
});
source.open();
