"""What a streamed character costs, at different paces."""

import asyncio
from typing import Any

from benchmarks.clients import opened, until
from benchmarks.cost.people import TextReader
from benchmarks.cost.size import Size
from benchmarks.processes import cpu_seconds
from tests.servers import Site


async def measured(site: Site, size: Size) -> list[dict[str, Any]]:
    """A row a pace."""
    site.shell(
        "from streaming.models import StreamText; StreamText.objects.create("
        "slug='long', title='Long', body='abcdefghi ' * 2000)"
    )
    worker = site.worker("texts")
    try:
        return [await one(worker, size, interval_ms) for interval_ms in size.intervals_ms]
    finally:
        worker.close()


async def one(worker: Any, size: Size, interval_ms: int) -> dict[str, Any]:
    path = f"/api/sse?text=long&interval={interval_ms}"
    readers = [TextReader(path) for _ in range(size.text_readers)]
    pid = worker.running.pid
    try:
        await opened(worker.port, readers)
        await until(lambda: all(reader.offset > 0 for reader in readers))
        before, cpu = counted(readers), cpu_seconds(pid)
        await asyncio.sleep(size.stream_seconds)
        cpu = cpu_seconds(pid) - cpu
        came = counted(readers)
        for reader in readers:
            reader.check()
    finally:
        for reader in readers:
            reader.close()
    characters, received, pieces = (now - then for now, then in zip(came, before, strict=True))
    return {
        "interval_ms": interval_ms,
        "readers": len(readers),
        "characters": characters,
        "characters_per_write": characters / pieces,
        "write_us": cpu / pieces * 1e6,
        "character_us": cpu / characters * 1e6,
        "reader_us_per_s": cpu / len(readers) / size.stream_seconds * 1e6,
        "character_bytes": received / characters,
    }


def counted(readers: list[TextReader]) -> tuple[int, int, int]:
    """Events, bytes, and the pieces in which they came."""
    counts = [(reader.events, reader.received, reader.pieces) for reader in readers]
    events, received, pieces = (sum(each) for each in zip(*counts, strict=True))
    return events, received, pieces
