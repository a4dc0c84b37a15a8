"""One run: a site under load, broken by a schedule, mended, and compared with its log."""

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
from tests.stress import readers, schedule, verdict, writers
from tests.stress.book import Book
from tests.stress.schedule import Act
from tests.stress.wire import Wire, entries_url, guest

SETTLE_SECONDS = 60.0  # for all to have everything, once nothing is broken any more
NO_LIMIT = {"CHAT_MESSAGES_PER_SECOND": "1000000", "CHAT_BURST": "1000000"}


def the_log() -> list[dict[str, Any]]:
    """The entries of a site, as its readers get them."""
    return [json.loads(store.encode(entry)) for entry in Entry.objects.order_by("seq")]


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    seconds: float = 60
    readers: int = 12
    writers: int = 6
    workers: int = 2
    postgres: bool = False


class Run:
    """A site, those who use it, and what happened."""

    def __init__(self, folder: Path, seed: int, size: Size):
        self.seed = seed
        self.size = size
        self.site = self.make_site(folder)
        self.book = Book()
        self.differences: list[str] = []
        self.compared: dict[str, int] = {}
        self.log: list[dict[str, Any]] = []

    def make_site(self, folder: Path) -> Site:
        return Site(folder, redis=True, postgres=self.size.postgres, **NO_LIMIT)

    async def start_workers(self) -> None:
        """Starts what clients speak to."""
        self.workers = await asyncio.gather(
            *(asyncio.to_thread(self.site.worker, f"w{n}") for n in range(self.size.workers))
        )

    async def __call__(self) -> None:
        """Runs, and leaves what broke in `differences`."""
        await self.start_workers()
        await self.make_clients()
        following = [asyncio.ensure_future(reader.run()) for reader in self.readers]
        try:
            await self.everybody_listens()
            await self.under_load()
            await self.settle()
        finally:
            for task in following:
                task.cancel()
            ends = await asyncio.gather(*following, return_exceptions=True)
        self.differences += [repr(end) for end in ends if isinstance(end, Exception)]
        self.log = self.site.query(the_log)
        self.differences += [*self.book.wrong, *self.compare(), *await self.compare_newcomers()]

    async def make_clients(self) -> None:
        self.urls = [worker.url for worker in self.workers]
        url, rest = self.urls[0], (self.urls, self.book, self.seed)
        wire = Wire()
        start = (await wire.get(entries_url(url)))["cursor"]
        await wire.close()
        self.readers = [
            kind(f"reader-{number} ({kind.tap})", start, *rest)
            for number, kind in enumerate(in_turn(readers.TAPS, self.size.readers))
        ]
        self.writers = [
            kind(f"writer-{number}", await guest(url), *rest)
            for number, kind in enumerate(in_turn(writers.KINDS, self.size.writers))
        ]

    async def everybody_listens(self) -> None:
        """Waits for those who are told only what is said while they are there."""
        await until(lambda: all(reader.listening for reader in self.readers))

    # ---- The load, and what breaks ----

    async def under_load(self) -> None:
        talking = [asyncio.ensure_future(writer.run()) for writer in self.writers]
        started = time.monotonic()
        tracks: dict[str, list[Act]] = {}
        for act in self.acts():
            tracks.setdefault(act.track, []).append(act)
        await asyncio.gather(*(self.play(acts, started) for acts in tracks.values()))
        await asyncio.sleep(max(0.0, started + self.size.seconds - time.monotonic()))
        await self.stop_talking(talking)

    def acts(self) -> list[Act]:
        many = {"readers": len(self.readers), "writers": len(self.writers)}
        return schedule.schedule(self.seed, self.size.seconds, workers=self.size.workers, **many)

    async def play(self, acts: list[Act], started: float) -> None:
        """One act after another, each as late as those before it made it."""
        for act in acts:
            await asyncio.sleep(max(0.0, started + act.at - time.monotonic()))
            await self.break_and_mend(act)
            self.book.counts[act.kind] += 1

    async def break_and_mend(self, act: Act) -> None:
        redis = self.site.redis
        match act.kind:
            case schedule.RESTART_REDIS:
                await away(redis, act.lasts, how=signal.SIGTERM)
            case schedule.HANG_REDIS:
                redis.pause()
                await asyncio.sleep(act.lasts)
                redis.resume()
            case schedule.KILL_WORKER:
                await away(self.workers[act.target], act.lasts, how=signal.SIGKILL)
            case schedule.DROP_READER:
                self.readers[act.target].cut()
            case schedule.DROP_WRITER:
                self.writers[act.target].cut()

    async def stop_talking(self, talking: list[asyncio.Future]) -> None:
        """Lets everybody have an answer to what they have begun to say."""
        for writer in self.writers:
            writer.stopping = True
        done, late = await asyncio.wait(talking, timeout=SETTLE_SECONDS)
        for task in late:
            task.cancel()
        self.differences += [f"{len(late)} writers were not answered"] if late else []
        self.differences += [repr(task.exception()) for task in done if task.exception()]

    # ---- The end ----

    async def settle(self) -> None:
        """Says a last thing to all, waits until every reader has all that there is, and notes
        who has not."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await self.everybody_listens()
                cookies = await guest(self.workers[0].url)
                last = writers.PostWriter("last", cookies, self.urls, self.book, self.seed)
                last.stopping = True
                await last.run()
                await until(lambda: all(reader.has(self.book.head) for reader in self.readers))
        except TimeoutError:
            late = [reader for reader in self.readers if not reader.has(self.book.head)]
            self.differences += [f"{r.name} stands still before {self.book.head}" for r in late]

    def compare(self) -> Iterator[str]:
        """What differs between the log and what was sent, acknowledged and received."""
        yield from verdict.of_log(self.log, self.book.sent, self.book.acks)
        for reader in self.readers:
            self.compared[reader.tap] = self.compared.get(reader.tap, 0) + 1
            for difference in reader.differences(self.log):
                yield f"{reader.name}: {difference}"

    async def compare_newcomers(self) -> list[str]:
        """What a client that comes only now gets of each worker: the log, exactly."""
        found = []
        for worker in self.workers:
            entries = await everything(worker.url)
            found += [f"{worker.url} tells a newcomer otherwise"] if entries != self.log else []
        return found


def in_turn(kinds: Sequence[Any], count: int) -> Iterator[Any]:
    """So many of them: the first, the second, and after the last the first again."""
    return itertools.islice(itertools.cycle(kinds), count)


async def everything(url: str) -> list[dict[str, Any]]:
    """The newest entries, and page by page what came before."""
    wire = Wire()
    try:
        entries = (await wire.get(entries_url(url)))["events"]
        while entries and entries[0]["seq"] > 1:
            page = await wire.get(entries_url(url), before=entries[0]["seq"])
            entries = page["events"] + entries
        return entries
    finally:
        await wire.close()


async def away(process: Process, seconds: float, *, how: signal.Signals) -> None:
    """Ends a process, and starts it again some time later."""
    await asyncio.to_thread(process.stop, how)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(process.start)


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what nothing tells of."""
    while not condition():
        await asyncio.sleep(0.02)
