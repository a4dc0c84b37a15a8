"""How long a talker waits for its ack, alone and in a large room: the cost of syncing."""

import time
from typing import Any

from benchmarks.clients import connect_all, wait_until
from benchmarks.cost.messages import talk
from benchmarks.cost.room_clients import RoomReader, Talker
from benchmarks.cost.size import Size
from tests.servers import Site, Worker


async def measure(site: Site, size: Size) -> list[dict[str, Any]]:
    """A row for each number of other people in the room, and of talkers."""
    worker = site.worker()
    try:
        return [
            await _measure_room(worker, size, others, talkers)
            for others in (0, max(size.readers))
            for talkers in (1, max(size.talkers))
        ]
    finally:
        worker.close()


async def _measure_room(
    worker: Worker, size: Size, reader_count: int, talker_count: int
) -> dict[str, Any]:
    readers = [RoomReader("lobby") for _ in range(reader_count)]
    talkers = [Talker("lobby") for _ in range(talker_count)]
    try:
        await connect_all(worker.port, readers + talkers)
        await wait_until(lambda: len({client.head for client in talkers + readers}) == 1)
        await talk(talkers, readers, 0.2)  # so that caches are warm
        started = time.monotonic()
        entries = await talk(talkers, readers, size.talk_seconds)
        seconds = time.monotonic() - started
    finally:
        for client in readers + talkers:
            client.close()
    return {
        "readers": reader_count,
        "talkers": talker_count,
        "entries": entries,
        "entries_per_s": entries / seconds,
        "ack_ms": seconds / entries * talker_count * 1e3,
    }
