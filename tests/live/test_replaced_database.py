"""Two workers whose database is replaced by an older copy, as by a fail-over to a standby that was
behind."""

import asyncio
import json
import sqlite3
from contextlib import closing

from tests.clients.sse import EventStream
from tests.live.conftest import stored_log

LOST = 8
SECONDS = 120


class Stream:
    """A reader of the event stream that reconnects as EventSource does."""

    def __init__(self, client, url):
        self.stream = EventStream(client, url)
        self.cids = []

    async def follow(self):
        while True:
            async for _ in self.stream.pieces():
                events, self.stream.parser.events = self.stream.events, []
                for _, name, data in events:
                    self.take(name, json.loads(data))

    def take(self, name, data):
        if name == "reset":
            self.cids.clear()
        elif name == "say":
            self.cids.append(data["cid"])


async def poll(client, url, cids):
    """A long poll that discards everything when it is reset."""
    cursor = {}
    while True:
        found = (await client.get(url, params={**cursor, "wait": 25}, timeout=60)).json()
        if found["reset"]:
            cids.clear()
        cids += [entry["cid"] for entry in found["events"]]
        cursor = {"cursor": found["cursor"]}


async def follow(socket, cids):
    async for frame in socket.frames():
        if frame["type"] == "joined" and frame["reset"]:
            cids.clear()
        elif frame["type"] == "events":
            cids += [entry["cid"] for entry in frame["events"]]


async def lines(socket, received):
    while True:
        line = await socket.receive()
        if "kept" not in line:  # It may have been on its way when the socket was opened.
            received.append(line)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.1)


def copy_database(source, target):
    old, new = (sqlite3.connect(file, timeout=60) for file in (source, target))
    with closing(old), closing(new):
        old.backup(new)


async def test_all_readers_see_the_log_as_it_is_when_the_database_is_replaced_by_an_older_copy(
    make_site, client, open_socket, open_text_socket
):
    site = make_site(redis=True)
    workers = [site.worker("one"), site.worker("two")]
    file, copy = site.folder / "site.sqlite3", site.folder / "copy.sqlite3"
    writer = await open_socket(workers[0])

    async def say(*cids):
        for cid in cids:
            await writer.say(cid, f"{cid} said")
            await writer.acknowledged(cid)

    sockets = [await open_socket(worker) for worker in workers]
    socket_cids, poll_cids, received = [[], []], [[], []], []
    streams = [Stream(client, f"{worker.url}/api/rooms/lobby/events") for worker in workers]
    for socket in sockets:
        await socket.join()
    await say(*(f"kept-{n}" for n in range(3)))
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
        text_socket = await open_text_socket(workers[1])
        started = [tasks.create_task(lines(text_socket, received))]
        for n, worker in enumerate(workers):
            url = f"{worker.url}/api/rooms/lobby/entries"
            started += [
                tasks.create_task(follow(sockets[n], socket_cids[n])),
                tasks.create_task(streams[n].follow()),
                tasks.create_task(poll(client, url, poll_cids[n])),
            ]
        readers = [*socket_cids, *poll_cids, *(stream.cids for stream in streams)]

        def all_have_the_log():
            log = [cid for _, cid in stored_log(site)]
            return all(cids == log for cids in readers)

        await until(all_have_the_log)
        copy_database(file, copy)
        await say(*(f"lost-{n}" for n in range(LOST)))
        await until(lambda: all_have_the_log() and len(received) == LOST)
        copy_database(copy, file)
        await say("after")
        await until(lambda: all_have_the_log() and len(received) == LOST + 1)
        late = await open_socket(workers[1])
        await late.join()
        await late.until_head(4)
        for task in started:
            task.cancel()
    assert [entry["cid"] for entry in late.entries] == ["kept-0", "kept-1", "kept-2", "after"]
    assert received[-1].endswith(": after said")
    for worker in workers:
        log = worker.log.read_text()
        assert log.count("no longer has entry 11 as it was read") == 1
        assert "Traceback" not in log
