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
        cpu, characters, received = cpu_seconds(pid), came(readers), taken(readers)
        await asyncio.sleep(size.stream_seconds)
        cpu, characters = cpu_seconds(pid) - cpu, came(readers) - characters
        received = taken(readers) - received
        for reader in readers:
            reader.check()
    finally:
        for reader in readers:
            reader.close()
    return {
        "interval_ms": interval_ms,
        "readers": len(readers),
        "characters": characters,
        "character_us": cpu / characters * 1e6,
        "reader_us_per_s": cpu / len(readers) / size.stream_seconds * 1e6,
        "character_bytes": received / characters,
    }


def came(readers: list[TextReader]) -> int:
    return sum(reader.events for reader in readers)


def taken(readers: list[TextReader]) -> int:
    return sum(reader.received for reader in readers)
