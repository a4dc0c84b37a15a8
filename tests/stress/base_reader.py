"""The common part of the readers on all transports. A reader follows the room until the run ends.
When it loses its connection, it connects to a random worker with its last cursor."""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.clients.websocket import Closed
from tests.stress import comparison
from tests.stress.http_client import NETWORK_ERRORS, HttpClient, entries_url
from tests.stress.record import Record

CONNECTION_ERRORS = (
    *NETWORK_ERRORS,
    Closed,
    ConnectionClosed,
    InvalidHandshake,
    httpx.HTTPStatusError,
    TimeoutError,
)
RECONNECT_SECONDS = (0.05, 0.5)  # random within these limits; short, since a run is short

Log = Sequence[dict[str, Any]]


def seq_of(cursor: str) -> int:
    """The seq of a cursor."""
    return int(cursor.split(":")[1])


class Reader:
    """The base of the four readers."""

    transport = ""

    def __init__(self, name: str, start: str, urls: list[str], record: Record, seed: int):
        self.name = name
        self.cursor = start
        self.urls = urls
        self.record = record
        self.rng = random.Random(f"{seed} {name}")
        self.connection: asyncio.Task[None] | None = None
        # The seq to catch up to, and the moment of the loss.
        self.catch_up_goal: tuple[int, float] | None = None

    async def run(self) -> None:
        """Follows the room until this task is cancelled."""
        while True:
            self.connection = asyncio.ensure_future(self.follow(self.rng.choice(self.urls)))
            try:
                await asyncio.wait({self.connection})
            finally:
                await self.close_connection()
            # Several attempts may fail: the time counts from the first loss.
            self.catch_up_goal = self.catch_up_goal or (self.record.head, time.monotonic())
            self.record.counts["reconnects"] += 1
            await asyncio.sleep(self.rng.uniform(*RECONNECT_SECONDS))

    async def close_connection(self) -> None:
        """Ends the connection. Network errors are ignored; any other error is raised."""
        self.cut()
        try:
            await self.connection
        except httpx.ReadTimeout:
            self.record.errors.append(f"{self.name} received no ping from a running worker")
        except (*CONNECTION_ERRORS, asyncio.CancelledError):
            pass

    def cut(self) -> None:
        """Aborts the connection without a close."""
        if self.connection:
            self.connection.cancel()

    async def follow(self, url: str) -> None:
        """Reads from one connection until it ends."""
        raise NotImplementedError

    @property
    def is_subscribed(self) -> bool:
        """Whether the reader receives every message from now on."""
        return True

    def has_received(self, head: int) -> bool:
        """Whether the reader has received the log up to this seq."""
        raise NotImplementedError

    def differences(self, log: Log) -> Iterator[str]:
        """Where the received entries break the promise of the transport."""
        raise NotImplementedError

    def note_progress(self, seq: int) -> None:
        """Records the time from the loss of a connection until its head is received."""
        if self.catch_up_goal and seq >= self.catch_up_goal[0]:
            took = time.monotonic() - self.catch_up_goal[1]
            self.record.longest_catch_up = max(self.record.longest_catch_up, took)
            self.catch_up_goal = None


class CursorReader(Reader):
    """A reader with a cursor: it must receive the whole log."""

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.entries: list[dict[str, Any]] = []
        self.heads: list[int] = []  # of the room, as the workers said them one after another

    def has_received(self, head: int) -> bool:
        return self.seq >= head

    def differences(self, log: Log) -> Iterator[str]:
        yield from comparison.entry_differences(self.entries, log)
        yield from comparison.head_differences(self.heads)

    @property
    def seq(self) -> int:
        return self.entries[-1]["seq"] if self.entries else 0

    def take(self, entries: list[dict[str, Any]], cursor: str) -> None:
        """Stores received entries unchecked. They are compared with the log at the end."""
        self.entries += entries
        self.cursor = cursor
        self.record.counts["deliveries"] += len(entries)
        if self.seq != seq_of(cursor):
            self.record.errors.append(f"{self.name} has {self.seq} and the cursor {cursor}")
        self.note_progress(self.seq)

    async def take_missed(self, url: str, cursor: str) -> None:
        """After a reset to a cursor: takes the missed entries before it."""
        if missed := await self.missed_entries(url, seq_of(cursor)):
            self.take(missed, cursor)

    async def missed_entries(self, url: str, until: int) -> list[dict[str, Any]]:
        """After a reset: the missed entries up to a seq, from history."""
        self.record.counts["resets"] += 1
        missing: list[dict[str, Any]] = []
        client = HttpClient()
        try:
            while until > self.seq:
                page = await client.get(entries_url(url), before=until + 1)
                missing = [e for e in page["events"] if e["seq"] > self.seq] + missing
                until = min(page["events"][0]["seq"] - 1, until)
        finally:
            await client.close()
        return missing
