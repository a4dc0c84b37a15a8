"""What readers of all taps do alike: follow the room for ever, come back to whichever worker is
there with the cursor that they have, and be cut at any moment."""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.clients.websocket import Closed
from tests.stress import verdict
from tests.stress.book import Book
from tests.stress.wire import FAILURES, Wire, entries_url

LOST = (*FAILURES, Closed, ConnectionClosed, InvalidHandshake, httpx.HTTPStatusError, TimeoutError)
BACK_SECONDS = (0.05, 0.5)  # jittered, and short: a run is

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
        self.goal: tuple[int, float] | None = None  # what to reach again, since when

    async def run(self) -> None:
        """Follows the room until it is cancelled."""
        while True:
            self.connection = asyncio.ensure_future(self.follow(self.chance.choice(self.urls)))
            try:
                await asyncio.wait({self.connection})
            finally:
                await self.hang_up()
            # Over several tries perhaps: the first loss counts.
            self.goal = self.goal or (self.book.head, time.monotonic())
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
        """Notes how long it took to catch up with what was known when the connection was lost."""
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
