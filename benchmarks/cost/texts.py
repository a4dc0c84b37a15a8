"""The cost of a streamed character, at different intervals."""

import asyncio
from typing import Any

from benchmarks.clients import connect_all, wait_until
from benchmarks.cost.room_clients import TextReader
from benchmarks.cost.size import Size
from benchmarks.processes import cpu_seconds
from tests.servers import Site, Worker


async def measure(site: Site, size: Size) -> list[dict[str, Any]]:
    """A row for each interval."""
    site.shell(
        "from django.apps import apps; apps.get_model('streaming.StreamText').objects.create("
        "slug='long', title='Long', body='abcdefghi ' * 2000)"
    )
    worker = site.worker("texts")
    try:
        return [await _measure_interval(worker, size, ms) for ms in size.intervals_ms]
    finally:
        worker.close()


async def _measure_interval(worker: Worker, size: Size, interval_ms: int) -> dict[str, Any]:
    path = f"/api/sse?text=long&interval={interval_ms}"
    readers = [TextReader(path) for _ in range(size.text_readers)]
    pid = worker.running.pid
    try:
        await connect_all(worker.port, readers)
        await wait_until(lambda: all(reader.offset > 0 for reader in readers))
        before, cpu = _totals(readers), cpu_seconds(pid)
        await asyncio.sleep(size.stream_seconds)
        cpu = cpu_seconds(pid) - cpu
        after = _totals(readers)
        for reader in readers:
            reader.check()
    finally:
        for reader in readers:
            reader.close()
    characters, received, writes = (now - then for now, then in zip(after, before, strict=True))
    return {
        "interval_ms": interval_ms,
        "readers": len(readers),
        "characters": characters,
        "characters_per_write": characters / writes,
        "write_us": cpu / writes * 1e6,
        "character_us": cpu / characters * 1e6,
        "reader_us_per_s": cpu / len(readers) / size.stream_seconds * 1e6,
        "character_bytes": received / characters,
    }


def _totals(readers: list[TextReader]) -> tuple[int, int, int]:
    """Events, bytes and reads. A read is a write of the server: loopback, and writes are apart."""
    counts = [(reader.events, reader.received, reader.reads) for reader in readers]
    events, received, reads = (sum(each) for each in zip(*counts, strict=True))
    return events, received, reads
