"""Several Redis servers: each has a part of the rooms. If one fails, the others still work."""

import asyncio

import httpx
import pytest
import redis

from chat.models import Room
from realtime.log.tail_registry import CHECK_SECONDS
from tests.processes import Redis

ROOMS = [f"room-{number}" for number in range(16)]
EARLY, LATE = ROOMS[::2], ROOMS[1::2]
FIND = "asgi__group__*.room.*"


@pytest.fixture
def shards(tmp_path):
    started = [Redis(tmp_path).start() for _ in range(2)]
    yield started
    for shard in started:
        shard.close()


@pytest.fixture
def site(make_site, shards):
    site = make_site(REDIS_URL=", ".join(shard.url for shard in shards))
    rooms = [Room(pk=2 + number, slug=slug, name=slug) for number, slug in enumerate(ROOMS)]
    site.query(lambda: Room.objects.bulk_create(rooms))
    return site


def rooms_of(shard):
    """The rooms with subscribers on a Redis server."""
    with redis.Redis.from_url(shard.url) as client:
        return {ROOMS[int(name.split(b".")[-1]) - 2] for name in client.pubsub_channels(FIND)}


async def delay(writer, reader, room, cid):
    """Sends a message on a worker; returns the seconds until it arrives on the other worker."""
    started = asyncio.get_running_loop().time()
    await writer.send("say", room=room, cid=cid, body="b")
    while (frame := await reader.take())["type"] != "events" or frame["room"] != room:
        pass
    return asyncio.get_running_loop().time() - started


async def test_each_redis_has_a_part_of_the_rooms_and_its_failure_delays_only_those(
    site, shards, open_socket
):
    one, two = await asyncio.gather(*(asyncio.to_thread(site.worker, n) for n in ("one", "two")))
    reader, writer = await open_socket(one), await open_socket(two)
    for room in ROOMS:
        await writer.join(room=room)
    for room in EARLY:
        await reader.join(room=room)
    rooms_by_shard = [rooms_of(shard) for shard in shards]
    while len(rooms_by_shard[0] | rooms_by_shard[1]) < len(ROOMS):  # until all rooms are subscribed
        rooms_by_shard = [rooms_of(shard) for shard in shards]
    assert all(rooms_by_shard)
    assert not rooms_by_shard[0] & rooms_by_shard[1]
    for room in EARLY:
        await delay(writer, reader, room, f"{room}-1")
    # Faster than the slow check, which would hide a broken notifier.
    delays = [await delay(writer, reader, room, f"{room}-2") for room in EARLY]
    assert sum(delays) < len(delays) * CHECK_SECONDS / 2

    shards[0].kill()
    for room in LATE:  # some of these rooms cannot be subscribed now
        await reader.join(room=room)
    for room in ROOMS:  # nothing is lost, only late
        await delay(writer, reader, room, f"{room}-3")
    unaffected = rooms_by_shard[1] & set(LATE)
    assert 0 < len(unaffected) < len(LATE)
    delays = [await delay(writer, reader, room, f"{room}-4") for room in unaffected]
    assert sum(delays) < len(delays) * CHECK_SECONDS / 2


@pytest.mark.parametrize("away", [0, 1])
async def test_readyz_reports_a_single_redis_that_is_away(site, shards, away):
    worker = await asyncio.to_thread(site.worker)
    async with httpx.AsyncClient(timeout=30) as client:
        assert (await client.get(f"{worker.url}/readyz")).json()["redis"] == "ready"
        shards[away].kill()
        answer = await client.get(f"{worker.url}/readyz")
    assert (answer.status_code, answer.json()["redis"]) == (503, "away")
