"""The cost of presence: each worker tells the others who is connected to it."""

import asyncio
from typing import Any

from benchmarks.clients import connect_all
from benchmarks.cost.connections import PEOPLE_PER_ROOM, make_rooms
from benchmarks.cost.room_clients import RoomReader
from benchmarks.cost.size import Size
from benchmarks.processes import cpu_seconds
from benchmarks.redis_counts import counts
from tests.servers import Site


async def measure(site: Site, size: Size) -> list[dict[str, Any]]:
    """One row: many people on one worker, and the cost on another worker and in Redis."""
    make_rooms(site, size.many)
    full, other = site.worker("full"), site.worker("other")
    clients = [RoomReader(f"room-{number // PEOPLE_PER_ROOM}") for number in range(size.many)]
    client_of_other = RoomReader("room-0")
    try:
        await connect_all(other.port, [client_of_other])
        await connect_all(full.port, clients)
        await asyncio.sleep(size.settle_seconds)
        pids = other.running.pid, site.redis.running.pid
        before, cpu = counts(site.redis.url), [cpu_seconds(pid) for pid in pids]
        await asyncio.sleep(size.idle_seconds)
        sent = {name: now - before[name] for name, now in counts(site.redis.url).items()}
        used = [cpu_seconds(pid) - was for pid, was in zip(pids, cpu, strict=True)]
    finally:
        for client in [*clients, client_of_other]:
            client.close()
        full.close()
        other.close()
    people = size.many + 1
    each = people * size.idle_seconds
    return [
        {
            "people": people,
            "messages_per_s": sent["publishes"] / size.idle_seconds,
            "bytes_per_person_per_s": sent["redis_in"] / each,
            "other_worker_us_per_person_per_s": used[0] / each * 1e6,
            "redis_us_per_person_per_s": used[1] / each * 1e6,
        }
    ]
