"""One reader for each of the four transports."""

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.clients.sse import EventStream
from tests.clients.websocket import WebSocketClient
from tests.stress import comparison
from tests.stress.base_reader import CursorReader, Log, Reader
from tests.stress.comparison import ReceivedLines
from tests.stress.http_client import ROOM, HttpClient, connected, entries_url

POLL_SECONDS = 10


class SocketReader(CursorReader):
    transport = "JSON socket"

    async def follow(self, url: str) -> None:
        async with connected(url) as client:
            await client.send("join", room=ROOM, cursor=self.cursor)
            async for frame in client.frames():
                await self.handle(client, url, frame)

    async def handle(self, client: WebSocketClient, url: str, frame: dict[str, Any]) -> None:
        if frame["type"] == "joined":
            self.heads.append(frame["head"])
        match frame["type"]:
            case "joined" if frame["reset"]:
                await self.take_missed(url, frame["cursor"])
            case "joined" if frame["cursor"] != self.cursor:
                self.record.errors.append(f"{self.name} joined at another cursor: {frame}")
            case "events":
                self.take(frame["events"], frame["cursor"])
            case "error" | "bye":  # the database is away, or the worker is full
                await client.close()


class StreamReader(CursorReader):
    transport = "event stream"

    async def follow(self, url: str) -> None:
        client = HttpClient()
        where = f"{url}/api/rooms/{ROOM}/events"
        stream = EventStream(client.client, where, extensions=client.extensions)
        stream.parser.last_event_id = self.cursor
        try:
            async for _ in stream.pieces():
                stream.answer.raise_for_status()
                events, stream.parser.events = stream.events, []
                for event in events:
                    await self.handle(url, *event)
        finally:
            client.reset_on_close()
            await client.close()

    async def handle(self, url: str, id: str, name: str, data: str) -> None:
        if name == "reset":
            await self.take_missed(url, id)
        elif name == "ping":
            self.heads.append(json.loads(data)["heads"][ROOM])
        else:
            entry = json.loads(data)
            assert entry["kind"] == name
            self.take([entry], id)


class PollReader(CursorReader):
    transport = "long polling"

    async def follow(self, url: str) -> None:
        client = HttpClient()
        try:
            while True:
                found = await client.get(entries_url(url), cursor=self.cursor, wait=POLL_SECONDS)
                self.heads.append(found["head"])
                if found["reset"]:
                    before = found["events"][0]["seq"] - 1
                    found["events"][:0] = await self.missed_entries(url, before)
                self.take(found["events"], found["cursor"])
        finally:
            client.reset_on_close()
            await client.close()


class LineReader(Reader):
    transport = "plain-text socket"

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.connections: list[ReceivedLines] = []
        self.open = False

    @property
    def is_subscribed(self) -> bool:
        return self.open

    def has_received(self, head: int) -> bool:
        cids = self.connections[-1].cids
        return bool(cids) and self.record.acks.get(cids[-1]) == head

    def differences(self, log: Log) -> Iterator[str]:
        for lines in self.connections:
            last = lines is self.connections[-1]
            yield from comparison.line_differences(lines, log, self.record.sent, last=last)

    async def follow(self, url: str) -> None:
        async with connected(url, f"/ws/chat/{ROOM}/") as client:
            self.connections.append(ReceivedLines(time.monotonic()))
            self.open = True
            try:
                await self.listen(client)
            finally:
                self.open = False

    async def listen(self, client: WebSocketClient) -> None:
        """Records the cid of each line, until the connection ends with `Closed`."""
        while not (line := await client.receive()).startswith("! "):
            # Every body begins with its cid.
            self.connections[-1].cids.append(line.partition(": ")[2].split()[0])
            self.record.counts["deliveries"] += 1


READERS = (SocketReader, LineReader, StreamReader, PollReader)
