"""What it costs that every worker knows who is with every other."""

import asyncio
from typing import Any

from benchmarks.clients import opened
from benchmarks.cost.held import PEOPLE_IN_A_ROOM, make_rooms
from benchmarks.cost.people import Listener
from benchmarks.cost.size import Size
from benchmarks.processes import cpu_seconds
from benchmarks.redis_counts import counts
from tests.servers import Site


async def measured(site: Site, size: Size) -> list[dict[str, Any]]:
    """How much it is a person that one worker tells another, again and again."""
    make_rooms(site, size.many)
    telling, told = site.worker("telling"), site.worker("told")
    clients = [Listener(f"room-{number // PEOPLE_IN_A_ROOM}") for number in range(size.many)]
    other = Listener("room-0")
    try:
        await opened(told.port, [other])
        await opened(telling.port, clients)
        await asyncio.sleep(size.settle_seconds)
        pids = telling.running.pid, told.running.pid, site.redis.running.pid
        before, cpu = counts(site.redis.url), [cpu_seconds(pid) for pid in pids]
        await asyncio.sleep(size.idle_seconds)
        sent = {name: now - before[name] for name, now in counts(site.redis.url).items()}
        used = [cpu_seconds(pid) - was for pid, was in zip(pids, cpu, strict=True)]
    finally:
        for client in [*clients, other]:
            client.close()
        telling.close()
        told.close()
    people = size.many + 1
    return [
        {
            "people": people,
            "messages_per_s": sent["publishes"] / size.idle_seconds,
            "bytes_per_person_per_s": sent["redis_in"] / people / size.idle_seconds,
            "hearing_us_per_person_per_s": used[1] / people / size.idle_seconds * 1e6,
            "redis_us_per_person_per_s": used[2] / people / size.idle_seconds * 1e6,
        }
    ]
