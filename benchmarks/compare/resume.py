"""Resuming: 10,000 entries for readers that come back. How long it takes until each has the newest
entry, and how much longer the other readers of the room wait during that time."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from benchmarks.clients import DeliveryError, SocketClient, connect_all, wait_until
from benchmarks.compare.contenders import Contender
from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures, Void
from benchmarks.compare.rooms import room
from benchmarks.compare.running import Running
from benchmarks.compare.runs import Keys, Run, measure_rows
from benchmarks.compare.size import Size

PAGE = 100
OTHERS = {"connections": 50, "talking": 4}  # they use the same room during the resume
FILLING = {"connections": 64, "talking": 64}


class ReturningReader(SocketClient):
    """A reader that joins with an old cursor and reads everything that it missed: from `events`
    frames, or after a reset page by page, newest first."""

    def __init__(self, cursor: str) -> None:
        super().__init__("/ws/chat/")
        self.cursor = cursor
        self.seqs: list[int] = []
        self.joined_at = monotonic()
        self.seconds_to_head = self.seconds_to_all = 0.0  # after the join command

    def text_received(self, text: bytes) -> None:
        frame = json.loads(text)
        handler = getattr(self, f"on_{frame['type']}", None)
        if handler:
            handler(frame)
        else:
            super().text_received(text)

    def on_welcome(self, frame: dict[str, Any]) -> None:
        self.joined_at = monotonic()
        self.send_command(type="join", room="lobby", cursor=self.cursor)

    def on_joined(self, frame: dict[str, Any]) -> None:
        self.missed = range(seq_of(self.cursor) + 1, frame["head"] + 1)
        self.ready.set_result(b"")

    def on_events(self, frame: dict[str, Any]) -> None:
        if self.seconds_to_all:
            return
        self.seqs += [entry["seq"] for entry in frame["events"]]
        if not self.seconds_to_head and self.seqs[-1] >= self.missed[-1]:
            self.seconds_to_head = monotonic() - self.joined_at
            self.request_older()

    def on_page(self, frame: dict[str, Any]) -> None:
        self.seqs = [entry["seq"] for entry in frame["events"]] + self.seqs
        self.request_older()

    def request_older(self) -> None:
        """Requests the page before the first entry that it has, until nothing is missing."""
        if self.seqs[0] > self.missed[0]:
            self.send_command(type="history", room="lobby", before=self.seqs[0], limit=PAGE)
        else:
            self.seconds_to_all = monotonic() - self.joined_at

    def check(self) -> None:
        """DeliveryError unless every missed entry came once and in order."""
        first, last = self.missed[0], self.seqs[-1]
        seqs = [seq for seq in self.seqs if seq >= first]  # the last page may go further back
        if seqs != list(range(first, last + 1)) or last < self.missed[-1]:
            raise DeliveryError(f"not all of {first} to {self.missed[-1]} came once and in order")


def measure(contender: Contender, size: Size, cores: Cores) -> Iterator[Run]:
    """One row: readers that missed `missed_each` entries, and one that missed them all."""
    rows = [{"missed": size.missed, "readers": size.missed // size.missed_each + 1}]
    yield from measure_rows(
        contender,
        rows,
        lambda running, keys: resumes(running, keys, size, cores),
        cores=cores.server,
    )


def resumes(running: Running, keys: Keys, size: Size, cores: Cores) -> Figures:
    """The times of the slowest returning reader, and the p99 of the others before and during."""
    with noted_cursors(running) as cursors:
        while seq_of(cursors[-1]) < size.missed:
            room(running, FILLING, size, cores)
        quiet = room(running, OTHERS, size, cores)
        with returning_readers(running, size, cursors) as waves:
            during = room(running, OTHERS, size, cores)
    if not waves:
        raise Void("no reader came back during the measurement")
    readers = [reader for wave in waves for reader in wave]
    return {
        "head_ms": max(reader.seconds_to_head for reader in readers) * 1e3,
        "all_ms": max(reader.seconds_to_all for reader in readers) * 1e3,
        "others_p99_ms": during["p99_ms"],
        "quiet_p99_ms": quiet["p99_ms"],
        "slowdown": during["p99_ms"] / quiet["p99_ms"],
        "waves": len(waves),
    }


@contextmanager
def repeated(step: Callable[[], None]) -> Iterator[None]:
    """Repeats a step in a thread until the block ends. Void if the step failed."""
    failures: list[Exception] = []
    stopping = threading.Event()

    def run() -> None:
        try:
            while not stopping.is_set():
                step()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
    if failures:
        raise Void(str(failures[0]))


@contextmanager
def noted_cursors(running: Running) -> Iterator[list[str]]:
    """Follows the room by long polling. Yields the cursors so far, oldest first."""
    cursors = [poll(running)]
    with repeated(lambda: cursors.append(poll(running, cursor=cursors[-1], wait="1"))):
        yield cursors


def poll(running: Running, **query: str) -> str:
    """The cursor after what a poll returns."""
    address = f"http://127.0.0.1:{running.port}/api/rooms/lobby/entries"
    with urllib.request.urlopen(f"{address}?{urlencode(query)}", timeout=10) as answer:
        return str(json.load(answer)["cursor"])


def seq_of(cursor: str) -> int:
    """The seq of a cursor."""
    return int(cursor.split(":")[1])


@contextmanager
def returning_readers(
    running: Running, size: Size, cursors: list[str]
) -> Iterator[list[list[ReturningReader]]]:
    """Waves of readers, one wave after the other until the block ends."""
    waves: list[list[ReturningReader]] = []
    with repeated(lambda: waves.append(asyncio.run(_wave(running, size, cursors)))):
        yield waves


async def _wave(running: Running, size: Size, cursors: list[str]) -> list[ReturningReader]:
    """Readers that together missed about `missed` entries, and one that missed all of them."""
    noted = [*cursors]
    newest = seq_of(noted[-1])

    def cursor_before(missed: int) -> str:
        return next(cursor for cursor in noted if seq_of(cursor) >= newest - missed)

    each = [cursor_before(size.missed_each)] * (size.missed // size.missed_each)
    readers = [ReturningReader(cursor) for cursor in [*each, cursor_before(size.missed)]]
    try:
        await connect_all(running.port, readers)
        await wait_until(lambda: all(reader.seconds_to_all for reader in readers))
        for reader in readers:
            reader.check()
    finally:
        for reader in readers:
            reader.close()
    return readers
