"""The cost of a message: on the talkers' worker, the readers' worker, in Redis, in the database."""

import asyncio
from typing import Any

import psycopg

from benchmarks.clients import DeliveryError, connect_all, wait_until
from benchmarks.cost.room_clients import RoomReader, Talker
from benchmarks.cost.size import Size
from benchmarks.processes import cpu_seconds
from benchmarks.redis_counts import counts
from tests.servers import Site, Worker


async def measure(site: Site, size: Size) -> list[dict[str, Any]]:
    """A row for each number of readers and of talkers."""
    workers = site.worker("talkers"), site.worker("readers")
    try:
        return [
            await _measure_room(site, size, *workers, readers, talkers)
            for readers in size.readers
            for talkers in size.talkers
        ]
    finally:
        for worker in workers:
            worker.close()


async def _measure_room(
    site: Site,
    size: Size,
    talkers_worker: Worker,
    readers_worker: Worker,
    reader_count: int,
    talker_count: int,
) -> dict[str, Any]:
    readers = [RoomReader("lobby") for _ in range(reader_count)]
    talkers = [Talker("lobby") for _ in range(talker_count)]
    try:
        await connect_all(readers_worker.port, readers)
        await connect_all(talkers_worker.port, talkers)
        await wait_until(lambda: len({client.head for client in talkers + readers}) == 1)
        await talk(talkers, readers, 0.2)  # so that caches are warm
        before, start = _totals(site, talkers_worker, readers_worker, readers), readers[0].head
        entries = await talk(talkers, readers, size.talk_seconds)
        after = _totals(site, talkers_worker, readers_worker, readers)
    finally:
        for client in readers + talkers:
            client.close()
    used = {name: after[name] - before[name] for name in after}
    heads = {reader.head for reader in readers}
    if used["entries"] != entries * reader_count or heads != {start + entries}:
        raise DeliveryError(
            f"{entries} entries for {reader_count} readers made {used['entries']} deliveries"
        )
    return {
        "readers": reader_count,
        "talkers": talker_count,
        "entries": entries,
        "deliveries": int(used["entries"]),
        "entries_per_frame": used["entries"] / used["frames"],
        "frame_us": used["readers_worker"] / used["frames"] * 1e6,
        "delivery_us": used["readers_worker"] / used["entries"] * 1e6,
        "delivery_bytes": used["bytes"] / used["entries"],
        "append_us": used["talkers_worker"] / entries * 1e6,
        "database_us": used["database"] / entries * 1e6,
        "redis_us": used["redis"] / entries * 1e6,
        "publishes": used["publishes"] / entries,
        "redis_in_bytes": used["redis_in"] / entries,
        "redis_out_bytes": used["redis_out"] / entries,
        "stored_bytes": await _bytes_per_entry(site),
    }


async def talk(talkers: list[Talker], readers: list[RoomReader], seconds: float) -> int:
    """All talkers send for some seconds. Returns the number of entries after all have arrived."""
    before, start = sum(talker.acknowledged for talker in talkers), talkers[0].head
    for talker in talkers:
        talker.stopping = False
        talker.send_next()
    await asyncio.sleep(seconds)
    for talker in talkers:
        talker.stopping = True
    await wait_until(lambda: all(talker.sent == talker.acknowledged for talker in talkers))
    entries = sum(talker.acknowledged for talker in talkers) - before
    await wait_until(lambda: min(c.head for c in talkers + readers) == start + entries)
    return entries


def _totals(
    site: Site, talkers_worker: Worker, readers_worker: Worker, readers: list[RoomReader]
) -> dict[str, float]:
    """Counters since the start: deliveries, processor seconds, Redis."""
    database = getattr(site, "postgres", None)
    return {
        "entries": sum(reader.entries for reader in readers),
        "frames": sum(reader.frames for reader in readers),
        "bytes": sum(reader.received for reader in readers),
        "talkers_worker": cpu_seconds(talkers_worker.running.pid),
        "readers_worker": cpu_seconds(readers_worker.running.pid),
        "redis": cpu_seconds(site.redis.running.pid),
        "database": cpu_seconds(database.running.pid) if database else 0.0,
        **counts(site.redis.url),
    }


async def _bytes_per_entry(site: Site) -> float:
    """Bytes of an entry and its indexes in PostgreSQL; 0 with SQLite."""
    if not hasattr(site, "postgres"):
        return 0.0
    async with await psycopg.AsyncConnection.connect(site.postgres.url) as connection:
        found = await connection.execute(
            "SELECT pg_total_relation_size('chat_entry')::float / count(*) FROM chat_entry"
        )
        return (await found.fetchone())[0]
