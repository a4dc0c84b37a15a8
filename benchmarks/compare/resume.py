"""Ten thousand entries to resume: how long until each reader has its head, and what the others
notice of it."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from benchmarks.clients import Lost, SocketClient, opened, until
from benchmarks.compare.cores import Cores
from benchmarks.compare.load import Figures, Void
from benchmarks.compare.rooms import room
from benchmarks.compare.running import Running
from benchmarks.compare.runs import OURS, Keys, Run, visited
from benchmarks.compare.size import Size

PAGE = 100
OTHERS = {"connections": 50, "talking": 4}  # in the same room meanwhile
FILLING = {"connections": 64, "talking": 64}


class Returning(SocketClient):
    """A reader who comes back with the cursor at which it left, and takes all that it missed: in
    `events`, or, where the room has reset it, page by page from the newest back."""

    def __init__(self, cursor: str) -> None:
        super().__init__("/ws/chat/")
        self.cursor = cursor
        self.seqs: list[int] = []
        self.asked_at = monotonic()
        self.at_head = self.has_all = 0.0  # seconds after it asked

    def take_text(self, text: bytes) -> None:
        frame = json.loads(text)
        take = getattr(self, f"take_{frame['type']}", None)
        if take:
            take(frame)
        else:
            super().take_text(text)

    def take_welcome(self, frame: dict[str, Any]) -> None:
        self.asked_at = monotonic()
        self.say(type="join", room="lobby", cursor=self.cursor)

    def take_joined(self, frame: dict[str, Any]) -> None:
        self.wanted = range(int(self.cursor.partition(":")[2]) + 1, frame["head"] + 1)
        self.begun.set_result(b"")

    def take_events(self, frame: dict[str, Any]) -> None:
        if self.has_all:
            return
        self.seqs += [entry["seq"] for entry in frame["events"]]
        if not self.at_head and self.seqs[-1] >= self.wanted[-1]:
            self.at_head = monotonic() - self.asked_at
            self.go_back()

    def take_page(self, frame: dict[str, Any]) -> None:
        self.seqs = [entry["seq"] for entry in frame["events"]] + self.seqs
        self.go_back()

    def go_back(self) -> None:
        """Asks for what is still missing before the first that it has."""
        if self.seqs[0] > self.wanted[0]:
            self.say(type="history", room="lobby", before=self.seqs[0], limit=PAGE)
        else:
            self.has_all = monotonic() - self.asked_at

    def check(self) -> None:
        first, last = self.wanted[0], self.seqs[-1]
        taken = [seq for seq in self.seqs if seq >= first]  # the last page may go further back
        if taken != list(range(first, last + 1)) or last < self.wanted[-1]:
            raise Lost(f"not all of {first} to {self.wanted[-1]} came once and in order")


def visit(size: Size, cores: Cores) -> Iterator[Run]:
    """One row: readers who missed `missed_each` entries and are given them, and one who missed them
    all and goes through the pages."""
    rows = [{"missed": size.missed, "readers": size.missed // size.missed_each + 1}]
    yield from visited(
        OURS, rows, lambda running, keys: resumed(running, keys, size, cores), cores=cores.server
    )


def resumed(running: Running, keys: Keys, size: Size, cores: Cores) -> Figures:
    """The slowest of all who came back, and the p99 of the others before and meanwhile."""
    while head(running)[1] < size.missed:
        room(running, FILLING, size, cores)
    quiet = room(running, OTHERS, size, cores)
    with coming_back(running, size) as waves:
        meanwhile = room(running, OTHERS, size, cores)
    if not waves:
        raise Void("nobody came back meanwhile")
    return {
        "head_ms": max(one.at_head for wave in waves for one in wave) * 1e3,
        "all_ms": max(one.has_all for wave in waves for one in wave) * 1e3,
        "others_p99_ms": meanwhile["p99_ms"],
        "quiet_p99_ms": quiet["p99_ms"],
        "waves": len(waves),
    }


def head(running: Running) -> tuple[str, int]:
    """The epoch of the room, and its newest entry."""
    url = f"http://127.0.0.1:{running.port}/api/rooms/lobby/entries"
    with urllib.request.urlopen(url, timeout=10) as answer:
        found = json.load(answer)
    return found["epoch"], found["head"]


@contextmanager
def coming_back(running: Running, size: Size) -> Iterator[list[list[Returning]]]:
    """Waves of readers, one after the other, as long as the block lasts."""
    waves: list[list[Returning]] = []
    failed: list[Exception] = []
    stopping = threading.Event()

    def run() -> None:
        try:
            while not stopping.is_set():
                waves.append(asyncio.run(wave(running, size)))
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield waves
    finally:
        stopping.set()
        thread.join()
    if failed:
        raise Void(str(failed[0]))


async def wave(running: Running, size: Size) -> list[Returning]:
    """As many readers as make up the entries together, and one who missed them all."""
    epoch, newest = await asyncio.to_thread(head, running)
    each = [size.missed_each] * (size.missed // size.missed_each)
    readers = [Returning(f"{epoch}:{newest - missed}") for missed in [*each, size.missed]]
    try:
        await opened(running.port, readers)
        await until(lambda: all(one.has_all for one in readers))
        for one in readers:
            one.check()
    finally:
        for one in readers:
            one.close()
    return readers
