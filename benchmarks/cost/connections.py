"""The cost of an idle connection: its memory, its opening, its processor time."""

import asyncio
from collections.abc import Callable
from typing import Any

from benchmarks.clients import Client, StreamClient, connect_all
from benchmarks.cost.room_clients import RoomReader
from benchmarks.cost.size import Size
from benchmarks.processes import cpu_seconds, memory_bytes
from tests.servers import Site

PEOPLE_PER_ROOM = 50
KINDS: dict[str, Callable[[int], Client]] = {
    "socket": lambda n: RoomReader(f"room-{n // PEOPLE_PER_ROOM}"),
    "room stream": lambda n: StreamClient(f"/api/rooms/room-{n // PEOPLE_PER_ROOM}/events"),
    "text stream": lambda n: StreamClient("/api/sse?interval=10000"),
}


async def measure(site: Site, size: Size) -> list[dict[str, Any]]:
    """A row for each kind, each on a new worker."""
    make_rooms(site, size.many)
    return [await _measure_kind(site, size, kind) for kind in KINDS]


def make_rooms(site: Site, people: int) -> None:
    """Rooms for a number of people."""
    site.shell(
        "from django.apps import apps; Room = apps.get_model('chat.Room'); "
        "Room.objects.bulk_create("
        f"Room(slug=f'room-{{n}}', name=str(n)) for n in range({people // PEOPLE_PER_ROOM + 1}))"
    )


async def _measure_kind(site: Site, size: Size, kind: str) -> dict[str, Any]:
    worker = site.worker(kind.replace(" ", "-"))
    pid = worker.running.pid
    empty_cpu = await _cpu_per_second(pid, size.idle_seconds / 2)
    first = [KINDS[kind](number) for number in range(size.few)]
    rest = [KINDS[kind](number) for number in range(size.few, size.many)]
    try:
        await connect_all(worker.port, first)
        await asyncio.sleep(size.settle_seconds)
        memory, cpu = memory_bytes(pid), cpu_seconds(pid)
        await connect_all(worker.port, rest)
        opening = cpu_seconds(pid) - cpu
        await asyncio.sleep(size.settle_seconds)
        growth = memory_bytes(pid) - memory
        idle_cpu = await _cpu_per_second(pid, size.idle_seconds)
    finally:
        for client in first + rest:
            client.close()
        worker.close()
    return {
        "kind": kind,
        "bytes": growth / len(rest),
        "opening_us": opening / len(rest) * 1e6,
        "idle_us_per_s": (idle_cpu - empty_cpu) / size.many * 1e6,
    }


async def _cpu_per_second(pid: int, seconds: float) -> float:
    """Processor seconds per second, over some seconds."""
    loop = asyncio.get_running_loop()
    before, began = cpu_seconds(pid), loop.time()
    await asyncio.sleep(seconds)
    return (cpu_seconds(pid) - before) / (loop.time() - began)
