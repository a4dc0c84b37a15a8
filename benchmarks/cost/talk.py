"""What a message costs: the worker on which it is said, the worker on which it is heard, Redis and
the database, each by itself."""

import asyncio
from typing import Any

import psycopg

from benchmarks.clients import Lost, opened, until
from benchmarks.cost.people import Listener, Talker
from benchmarks.cost.size import Size
from benchmarks.processes import cpu_seconds
from benchmarks.redis_counts import counts
from tests.servers import Site


async def measured(site: Site, size: Size) -> list[dict[str, Any]]:
    """A row for each number of listeners and of talkers."""
    speaking, hearing = site.worker("speaking"), site.worker("hearing")
    try:
        return [
            await one(site, size, speaking, hearing, readers, talkers)
            for readers in size.readers
            for talkers in size.talkers
        ]
    finally:
        speaking.close()
        hearing.close()


async def one(
    site: Site, size: Size, speaking: Any, hearing: Any, readers: int, talkers: int
) -> dict[str, Any]:
    listeners = [Listener("lobby") for _ in range(readers)]
    people = [Talker("lobby") for _ in range(talkers)]
    try:
        await opened(hearing.port, listeners)
        await opened(speaking.port, people)
        await until(lambda: len({one.head for one in people + listeners}) == 1)
        await said(people, listeners, 0.2)  # what is done once is done
        before, start = counted(site, speaking, hearing, listeners), listeners[0].head
        entries = await said(people, listeners, size.talk_seconds)
        used = {
            name: value - before[name]
            for name, value in counted(site, speaking, hearing, listeners).items()
        }
    finally:
        for client in listeners + people:
            client.close()
    if used["entries"] != entries * readers or any(c.head != start + entries for c in listeners):
        raise Lost(f"{entries} were said to {readers}, and {used['entries']} came")
    return row(used, readers, talkers, entries) | {"stored_bytes": await stored_bytes(site)}


async def said(people: list[Talker], listeners: list[Listener], seconds: float) -> int:
    """Lets all talk for some seconds, and waits until everybody has heard everything. Returns how
    much it was."""
    before, start = sum(one.acknowledged for one in people), people[0].head
    for one in people:
        one.stopping = False
        one.go_on()
    await asyncio.sleep(seconds)
    for one in people:
        one.stopping = True
    await until(lambda: all(one.said == one.acknowledged for one in people))
    entries = sum(one.acknowledged for one in people) - before
    everybody = people + listeners
    await until(lambda: min(one.head for one in everybody) == start + entries)
    return entries


def counted(site: Site, speaking: Any, hearing: Any, listeners: list[Listener]) -> dict[str, float]:
    """Everything that only grows."""
    database = getattr(site, "postgres", None)
    return {
        "entries": sum(one.entries for one in listeners),
        "frames": sum(one.frames for one in listeners),
        "bytes": sum(one.received for one in listeners),
        "speaking": cpu_seconds(speaking.running.pid),
        "hearing": cpu_seconds(hearing.running.pid),
        "redis": cpu_seconds(site.redis.running.pid),
        "database": cpu_seconds(database.running.pid) if database else 0.0,
        **counts(site.redis.url),
    }


async def stored_bytes(site: Site) -> float:
    """Of an entry with its indexes, in PostgreSQL."""
    if not hasattr(site, "postgres"):
        return 0.0
    async with await psycopg.AsyncConnection.connect(site.postgres.url) as connection:
        found = await connection.execute(
            "SELECT pg_total_relation_size('chat_entry')::float / count(*) FROM chat_entry"
        )
        return (await found.fetchone())[0]


def row(used: dict[str, float], readers: int, talkers: int, entries: int) -> dict[str, Any]:
    return {
        "readers": readers,
        "talkers": talkers,
        "entries": entries,
        "deliveries": int(used["entries"]),
        "entries_per_frame": used["entries"] / used["frames"],
        "frame_us": used["hearing"] / used["frames"] * 1e6,
        "delivery_us": used["hearing"] / used["entries"] * 1e6,
        "delivery_bytes": used["bytes"] / used["entries"],
        "append_us": used["speaking"] / entries * 1e6,
        "database_us": used["database"] / entries * 1e6,
        "redis_us": used["redis"] / entries * 1e6,
        "publishes": used["publishes"] / entries,
        "redis_in_bytes": used["redis_in"] / entries,
        "redis_out_bytes": used["redis_out"] / entries,
    }
