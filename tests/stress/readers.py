"""The four taps as clients."""

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.clients.sse import EventStream
from tests.clients.websocket import WebSocketClient
from tests.stress import verdict
from tests.stress.following import CursorReader, Log, Reader
from tests.stress.verdict import Visit
from tests.stress.wire import ROOM, Wire, connected, entries_url

POLL_SECONDS = 10


class SocketReader(CursorReader):
    tap = "JSON socket"

    async def follow(self, url: str) -> None:
        async with connected(url) as client:
            await client.send("join", room=ROOM, cursor=self.cursor)
            async for frame in client.frames():
                await self.obey(client, url, frame)

    async def obey(self, client: WebSocketClient, url: str, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "joined" if frame["reset"]:
                await self.mend(url, frame["cursor"])
            case "joined" if frame["cursor"] != self.cursor:
                self.book.wrong.append(f"{self.name} joined elsewhere: {frame}")
            case "events":
                self.take(frame["events"], frame["cursor"])
            case "error" | "bye":  # the database was away, or the worker was full
                await client.close()


class StreamReader(CursorReader):
    tap = "event stream"

    async def follow(self, url: str) -> None:
        wire = Wire()
        where = f"{url}/api/rooms/{ROOM}/events"
        stream = EventStream(wire.client, where, extensions=wire.extensions)
        stream.parser.last_event_id = self.cursor
        try:
            async for _ in stream.pieces():
                stream.answer.raise_for_status()
                events, stream.parser.events = stream.events, []
                for event in events:
                    await self.obey(url, *event)
        finally:
            wire.reset_on_close()
            await wire.close()

    async def obey(self, url: str, id: str, name: str, data: str) -> None:
        if name == "reset":
            await self.mend(url, id)
        elif name != "ping":
            entry = json.loads(data)
            assert entry["kind"] == name
            self.take([entry], id)


class PollReader(CursorReader):
    tap = "long polling"

    async def follow(self, url: str) -> None:
        wire = Wire()
        try:
            while True:
                found = await wire.get(entries_url(url), cursor=self.cursor, wait=POLL_SECONDS)
                if found["reset"]:
                    first = found["events"][0]["seq"] - 1
                    await self.mend(url, f"{found['epoch']}:{first}")
                self.take(found["events"], found["cursor"])
        finally:
            wire.reset_on_close()
            await wire.close()


class LineReader(Reader):
    tap = "plain-text socket"

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.visits: list[Visit] = []
        self.open = False

    @property
    def listening(self) -> bool:
        return self.open

    def has(self, head: int) -> bool:
        told = self.visits[-1].cids
        return bool(told) and self.book.acks.get(told[-1]) == head

    def differences(self, log: Log) -> Iterator[str]:
        for visit in self.visits:
            last = visit is self.visits[-1]
            yield from verdict.of_visit(visit, log, self.book.sent, last=last)

    async def follow(self, url: str) -> None:
        async with connected(url, f"/ws/chat/{ROOM}/") as client:
            self.visits.append(Visit(time.monotonic()))
            self.open = True
            try:
                await self.listen(client)
            finally:
                self.open = False

    async def listen(self, client: WebSocketClient) -> None:
        """Notes each line until the connection is closed. `Closed` then."""
        while not (line := await client.receive()).startswith("! "):
            # Every body begins with the cid under which it was said.
            self.visits[-1].cids.append(line.partition(": ")[2].split()[0])
            self.book.counts["deliveries"] += 1


TAPS = (SocketReader, LineReader, StreamReader, PollReader)
