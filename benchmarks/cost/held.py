"""What a connection costs that is only held: memory, its opening, and its silence."""

import asyncio
from collections.abc import Callable
from typing import Any

from benchmarks.clients import Client, StreamClient, opened
from benchmarks.cost.people import Listener
from benchmarks.cost.size import Size
from benchmarks.processes import cpu_seconds, memory_bytes
from tests.servers import Site

PEOPLE_IN_A_ROOM = 50
KINDS: dict[str, Callable[[int], Client]] = {
    "socket": lambda n: Listener(f"room-{n // PEOPLE_IN_A_ROOM}"),
    "room stream": lambda n: StreamClient(f"/api/rooms/room-{n // PEOPLE_IN_A_ROOM}/events"),
    "text stream": lambda n: StreamClient("/api/sse?interval=10000"),
}


async def measured(site: Site, size: Size) -> list[dict[str, Any]]:
    """A row a kind, each on a worker that has held nothing before."""
    make_rooms(site, size.many)
    return [await one(site, size, name) for name in KINDS]


def make_rooms(site: Site, people: int) -> None:
    """Rooms for so many people."""
    site.shell(
        "from chat.models import Room; Room.objects.bulk_create("
        f"Room(slug=f'room-{{n}}', name=str(n)) for n in range({people // PEOPLE_IN_A_ROOM + 1}))"
    )


async def one(site: Site, size: Size, name: str) -> dict[str, Any]:
    worker = site.worker(name.replace(" ", "-"))
    pid = worker.running.pid
    empty_cpu = await used(pid, size.idle_seconds / 2)
    first = [KINDS[name](number) for number in range(size.few)]
    rest = [KINDS[name](number) for number in range(size.few, size.many)]
    try:
        await opened(worker.port, first)
        await asyncio.sleep(size.settle_seconds)
        memory, cpu = memory_bytes(pid), cpu_seconds(pid)
        await opened(worker.port, rest)
        opening = cpu_seconds(pid) - cpu
        await asyncio.sleep(size.settle_seconds)
        grown = memory_bytes(pid) - memory
        idle_cpu = await used(pid, size.idle_seconds)
    finally:
        for client in first + rest:
            client.close()
        worker.close()
    return {
        "what": name,
        "bytes": grown / len(rest),
        "opening_us": opening / len(rest) * 1e6,
        "idle_us_per_s": (idle_cpu - empty_cpu) / size.many * 1e6,
        "worker_empty_bytes": memory - grown / len(rest) * size.few,
    }


async def used(pid: int, seconds: float) -> float:
    """Processor time a second, over some seconds."""
    loop = asyncio.get_running_loop()
    before, began = cpu_seconds(pid), loop.time()
    await asyncio.sleep(seconds)
    return (cpu_seconds(pid) - before) / (loop.time() - began)
