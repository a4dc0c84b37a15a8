"""The four taps as clients: each follows the room for ever, comes back to whichever worker is
there with the cursor that it has, and can be cut at any moment."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.eventsource import Parser
from tests.stress import verdict
from tests.stress.book import Book
from tests.stress.verdict import Visit
from tests.stress.wire import FAILURES, Wire

LOST = (*FAILURES, ConnectionClosed, InvalidHandshake, httpx.HTTPStatusError, TimeoutError)
BACK_SECONDS = (0.05, 0.5)  # jittered, and short: a run is
POLL_SECONDS = 10
ROOM = "lobby"

Log = Sequence[dict[str, Any]]


class Reader:
    """What the four have in common."""

    tap = ""

    def __init__(self, name: str, start: str, urls: list[str], book: Book, seed: int):
        self.name = name
        self.cursor = start
        self.urls = urls
        self.book = book
        self.chance = random.Random(f"{seed} {name}")
        self.connection: asyncio.Task[None] | None = None
        self.goal: tuple[int, float] | None = None  # what to reach after coming back, since when

    async def run(self) -> None:
        """Follows the room until it is cancelled."""
        while True:
            self.goal = (self.book.head, time.monotonic())
            self.connection = asyncio.ensure_future(self.follow(self.chance.choice(self.urls)))
            try:
                await asyncio.wait({self.connection})
            finally:
                await self.hang_up()
            self.book.counts["reconnects"] += 1
            await asyncio.sleep(self.chance.uniform(*BACK_SECONDS))

    async def hang_up(self) -> None:
        """Ends the connection. A failure that is none of the network's ends the run."""
        self.cut()
        try:
            await self.connection
        except httpx.ReadTimeout:
            self.book.wrong.append(f"{self.name} was forgotten by a worker that was there")
        except (*LOST, asyncio.CancelledError):
            pass

    def cut(self) -> None:
        """Tears the connection down, in the middle of whatever it does."""
        if self.connection:
            self.connection.cancel()

    async def follow(self, url: str) -> None:
        """One connection, for as long as it lasts."""
        raise NotImplementedError

    @property
    def listening(self) -> bool:
        """Whether it will have all that is said from now on."""
        return True

    def has(self, head: int) -> bool:
        """Whether it has come to the head of the log."""
        raise NotImplementedError

    def differences(self, log: Log) -> Iterator[str]:
        """Where it was not told what its tap promises."""
        raise NotImplementedError

    def reached(self, seq: int) -> None:
        """Notes how long it took to catch up after coming back."""
        if self.goal and seq >= self.goal[0]:
            took = time.monotonic() - self.goal[1]
            self.book.longest_catch_up = max(self.book.longest_catch_up, took)
            self.goal = None


class CursorReader(Reader):
    """One that has a cursor, and so promises the whole log."""

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.entries: list[dict[str, Any]] = []

    def has(self, head: int) -> bool:
        return self.seq >= head

    def differences(self, log: Log) -> Iterator[str]:
        return verdict.of_list(self.entries, log)

    @property
    def seq(self) -> int:
        return self.entries[-1]["seq"] if self.entries else 0

    def take(self, entries: list[dict[str, Any]], cursor: str) -> None:
        """Adds what has come, as it has come; the verdict is passed at the end."""
        self.entries += entries
        self.cursor = cursor
        self.book.counts["deliveries"] += len(entries)
        if self.seq != int(cursor.partition(":")[2]):
            self.book.wrong.append(f"{self.name} has {self.seq} and the cursor {cursor}")
        self.reached(self.seq)

    async def mend(self, url: str, cursor: str) -> None:
        """After a reset: the newest entries follow `cursor`, and history has what is before."""
        self.book.counts["resets"] += 1
        until = int(cursor.partition(":")[2])
        missing: list[dict[str, Any]] = []
        wire = Wire()
        try:
            while until > self.seq:
                page = await wire.get(entries_url(url), before=until + 1)
                missing = [e for e in page["events"] if e["seq"] > self.seq] + missing
                until = min(page["events"][0]["seq"] - 1, until)
        finally:
            await wire.close()
        if missing:
            self.take(missing, cursor)


def entries_url(url: str) -> str:
    return f"{url}/api/rooms/{ROOM}/entries"


class SocketReader(CursorReader):
    tap = "JSON socket"

    async def follow(self, url: str) -> None:
        where = f"{url.replace('http', 'ws', 1)}/ws/chat/"
        async with connect(where, subprotocols=["twinstream.v1"], ping_interval=None) as socket:
            with aborted_on_cancel(socket):
                command = {"type": "join", "room": ROOM, "cursor": self.cursor}
                await socket.send(json.dumps(command))
                async for text in socket:
                    await self.obey(socket, url, json.loads(text))

    async def obey(self, socket: Any, url: str, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "joined" if frame["reset"]:
                await self.mend(url, frame["cursor"])
            case "joined" if frame["cursor"] != self.cursor:
                self.book.wrong.append(f"{self.name} joined elsewhere: {frame}")
            case "events":
                self.take(frame["events"], frame["cursor"])
            case "ping":
                await socket.send(json.dumps({"type": "pong", "ts": frame["ts"]}))
            case "error" | "bye":  # the database was away, or the worker was full
                await socket.close()


class StreamReader(CursorReader):
    tap = "event stream"

    async def follow(self, url: str) -> None:
        wire, parser = Wire(), Parser(last_event_id=self.cursor)
        where = f"{url}/api/rooms/{ROOM}/events"
        headers = {"Last-Event-ID": self.cursor}
        try:
            request = wire.client.stream("GET", where, headers=headers, extensions=wire.extensions)
            async with request as answer:
                answer.raise_for_status()
                async for piece in answer.aiter_raw():
                    events, parser.events = parser.feed(piece).events, []
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
        where = f"{url.replace('http', 'ws', 1)}/ws/chat/{ROOM}/"
        async with connect(where, ping_interval=None) as socket:
            self.visits.append(Visit(time.monotonic()))
            self.open = True
            try:
                with aborted_on_cancel(socket):
                    await self.listen(socket)
            finally:
                self.open = False

    async def listen(self, socket: Any) -> None:
        async for line in socket:
            if line.startswith("! "):
                return
            # Every body begins with the cid under which it was said.
            self.visits[-1].cids.append(line.partition(": ")[2].split()[0])
            self.book.counts["deliveries"] += 1


@contextlib.contextmanager
def aborted_on_cancel(socket: Any):
    """Whoever is cancelled says no farewell."""
    try:
        yield
    except asyncio.CancelledError:
        socket.transport.abort()
        raise


TAPS = (SocketReader, LineReader, StreamReader, PollReader)
