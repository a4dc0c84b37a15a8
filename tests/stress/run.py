"""A site under load while faults happen. In the end all clients must agree with its log."""

import asyncio
import itertools
import json
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat.log import store
from chat.models import Entry
from tests.processes import Process
from tests.servers import Site
from tests.stress import comparison, readers, schedule, writers
from tests.stress.http_client import HttpClient, entries_url, guest
from tests.stress.record import Record
from tests.stress.schedule import Fault

SETTLE_SECONDS = 60.0  # for all readers to catch up after the last fault
NO_LIMIT = {"CHAT_MESSAGES_PER_SECOND": "1000000", "CHAT_BURST": "1000000"}


def stored_log() -> list[dict[str, Any]]:
    """The entries of a site, encoded as for its readers."""
    return [json.loads(store.encode(entry)) for entry in Entry.objects.order_by("seq")]


@dataclass(frozen=True)
class Size:
    """The duration, the number of clients and processes, and the database of a run."""

    seconds: float = 60
    readers: int = 12
    writers: int = 6
    workers: int = 2
    postgres: bool = False


class Run:
    """A site, its clients, and the record of what happened."""

    def __init__(self, folder: Path, seed: int, size: Size):
        self.seed = seed
        self.size = size
        self.site = self.make_site(folder)
        self.record = Record()
        self.differences: list[str] = []
        self.compared: dict[str, int] = {}
        self.log: list[dict[str, Any]] = []

    def make_site(self, folder: Path) -> Site:
        return Site(folder, redis=True, postgres=self.size.postgres, **NO_LIMIT)

    async def start_workers(self) -> None:
        """Starts the workers of the site."""
        self.workers = await asyncio.gather(
            *(asyncio.to_thread(self.site.worker, f"w{n}") for n in range(self.size.workers))
        )

    async def __call__(self) -> None:
        """Performs the run and puts a sentence for every broken promise into `differences`."""
        await self.start_workers()
        await self.make_clients()
        reading = [asyncio.ensure_future(reader.run()) for reader in self.readers]
        try:
            await self.wait_for_subscriptions()
            await self.run_load()
            await self.settle()
        finally:
            for task in reading:
                task.cancel()
            ends = await asyncio.gather(*reading, return_exceptions=True)
        self.differences += [repr(end) for end in ends if isinstance(end, Exception)]
        self.log = self.site.query(stored_log)
        self.differences += [
            *self.record.errors,
            *self.compare(),
            *await self.compare_new_clients(),
        ]

    async def make_clients(self) -> None:
        self.urls = [worker.url for worker in self.workers]
        url, rest = self.urls[0], (self.urls, self.record, self.seed)
        client = HttpClient()
        start = (await client.get(entries_url(url)))["cursor"]
        await client.close()
        self.readers = [
            kind(f"reader-{number} ({kind.transport})", start, *rest)
            for number, kind in enumerate(repeat_kinds(readers.READERS, self.size.readers))
        ]
        self.writers = [
            kind(f"writer-{number}", await guest(url), *rest)
            for number, kind in enumerate(repeat_kinds(writers.WRITERS, self.size.writers))
        ]

    async def wait_for_subscriptions(self) -> None:
        """Waits for the plain-text sockets: they get only messages sent while they are open."""
        await until(lambda: all(reader.is_subscribed for reader in self.readers))

    # ---- The load and the faults ----

    async def run_load(self) -> None:
        writing = [asyncio.ensure_future(writer.run()) for writer in self.writers]
        started = time.monotonic()
        by_track: dict[str, list[Fault]] = {}
        for fault in self.faults():
            by_track.setdefault(fault.track, []).append(fault)
        await asyncio.gather(*(self.play(faults, started) for faults in by_track.values()))
        await asyncio.sleep(max(0.0, started + self.size.seconds - time.monotonic()))
        await self.stop_writers(writing)

    def faults(self) -> list[Fault]:
        many = {"readers": len(self.readers), "writers": len(self.writers)}
        return schedule.schedule(self.seed, self.size.seconds, workers=self.size.workers, **many)

    async def play(self, faults: list[Fault], started: float) -> None:
        """Applies the faults of one track one after another, at their time or later."""
        for fault in faults:
            await asyncio.sleep(max(0.0, started + fault.at - time.monotonic()))
            await self.apply(fault)
            self.record.counts[fault.kind] += 1

    async def apply(self, fault: Fault) -> None:
        redis = self.site.redis
        match fault.kind:
            case schedule.RESTART_REDIS:
                await stop_and_start(redis, fault.duration, how=signal.SIGTERM)
            case schedule.PAUSE_REDIS:
                redis.pause()
                await asyncio.sleep(fault.duration)
                redis.resume()
            case schedule.KILL_WORKER:
                await stop_and_start(self.workers[fault.target], fault.duration, how=signal.SIGKILL)
            case schedule.DROP_READER:
                self.readers[fault.target].cut()
            case schedule.DROP_WRITER:
                self.writers[fault.target].cut()

    async def stop_writers(self, writing: list[asyncio.Future]) -> None:
        """Waits until the last command of every writer is acknowledged."""
        for writer in self.writers:
            writer.stopping = True
        done, late = await asyncio.wait(writing, timeout=SETTLE_SECONDS)
        for task in late:
            task.cancel()
        self.differences += [f"{len(late)} writers did not get an answer"] if late else []
        self.differences += [repr(task.exception()) for task in done if task.exception()]

    # ---- The end ----

    async def settle(self) -> None:
        """Sends a last message and waits until every reader has the whole log. Adds a difference
        for each reader that does not get there in time."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await self.wait_for_subscriptions()
                cookies = await guest(self.workers[0].url)
                last = writers.PostWriter("last", cookies, self.urls, self.record, self.seed)
                last.stopping = True
                await last.run()
                await until(lambda: not self.late_readers())
        except TimeoutError:
            late = self.late_readers()
            self.differences += [f"{r.name} did not reach {self.record.head}" for r in late]

    def late_readers(self) -> list[Any]:
        return [reader for reader in self.readers if not reader.has_received(self.record.head)]

    def compare(self) -> Iterator[str]:
        """Differences between the log and the sent, acknowledged and received entries."""
        record = self.record
        yield from comparison.log_differences(self.log, record.sent, record.acks)
        yield from comparison.order_differences(self.log, record.sent, record.acked)
        yield from comparison.read_differences(record.reads)
        for reader in self.readers:
            self.compared[reader.transport] = self.compared.get(reader.transport, 0) + 1
            for difference in reader.differences(self.log):
                yield f"{reader.name}: {difference}"

    async def compare_new_clients(self) -> list[str]:
        """A new client must get exactly the log from each worker."""
        found = []
        for worker in self.workers:
            entries = await fetch_log(worker.url)
            found += [f"{worker.url} gives a new client another log"] if entries != self.log else []
        return found


def repeat_kinds(kinds: Sequence[Any], count: int) -> Iterator[Any]:
    """`count` items: after the last of `kinds` the first again."""
    return itertools.islice(itertools.cycle(kinds), count)


async def fetch_log(url: str) -> list[dict[str, Any]]:
    """The newest entries, and all older ones page by page."""
    client = HttpClient()
    try:
        entries = (await client.get(entries_url(url)))["events"]
        while entries and entries[0]["seq"] > 1:
            page = await client.get(entries_url(url), before=entries[0]["seq"])
            entries = page["events"] + entries
        return entries
    finally:
        await client.close()


async def stop_and_start(process: Process, seconds: float, *, how: signal.Signals) -> None:
    """Ends a process and starts it again after some seconds."""
    await asyncio.to_thread(process.stop, how)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(process.start)


async def until(condition: Callable[[], bool]) -> None:
    """Polls a condition that has no event."""
    while not condition():
        await asyncio.sleep(0.02)
