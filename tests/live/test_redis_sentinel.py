"""Two workers at a Redis that Sentinels watch: a fail-over under load."""

import asyncio

import pytest
import redis

from realtime.log.tail_registry import CHECK_SECONDS
from tests.live.conftest import stored_log
from tests.redis_servers import WatchedMaster, until


@pytest.fixture
def servers(tmp_path):
    servers = WatchedMaster(tmp_path, 3)
    yield servers
    servers.close()


async def test_a_fail_over_under_load_loses_nothing_and_notifications_go_on(
    make_site, servers, open_socket
):
    await asyncio.to_thread(servers.wait_until_watched)
    fast = {"CHAT_MESSAGES_PER_SECOND": "1000", "CHAT_BURST": "1000"}
    site = make_site(REDIS_URL=servers.url(), **fast)
    workers = await asyncio.gather(*(asyncio.to_thread(site.worker, n) for n in ("one", "two")))
    readers = [await open_socket(worker) for worker in workers]
    writers = [await open_socket(worker) for worker in workers]
    for socket in readers:
        await socket.join()
    over = asyncio.Event()

    async def write(writer, name):
        """Sends messages one after the other until the fail-over is over."""
        number = 0
        while not over.is_set() or number < 20:
            await writer.say(f"{name}-{number}")
            await writer.acknowledged(f"{name}-{number}")
            number += 1
            await asyncio.sleep(0.05)

    async def fail_over():
        """Until the workers have subscribed at the new master. The old one hangs, and with it the
        Sentinel that the workers ask first."""
        servers.master.pause()
        servers.sentinels[0].pause()
        with redis.Redis.from_url(servers.replica.url, decode_responses=True) as client:
            await asyncio.to_thread(until, lambda: client.role()[0] == "master")
            room = client.pubsub_channels
            await asyncio.to_thread(until, lambda: subscribers(client, room("*room.*")) == 2)
        over.set()

    async with asyncio.timeout(150):
        await asyncio.gather(
            fail_over(), *(write(*each) for each in zip(writers, "ab", strict=True))
        )
        head = stored_log(site)[-1][0]
        for socket in readers:
            await socket.until_head(head)
        # Faster than the slow check, which would hide that no notification arrives.
        time, delays = asyncio.get_running_loop().time, []
        for number in range(1, 7):
            started = time()
            await writers[0].say(f"after-{number}")
            await readers[1].until_head(head + number)
            delays.append(time() - started)
        await readers[0].until_head(head + 6)
    assert sum(delays) < len(delays) * CHECK_SECONDS / 2
    log = stored_log(site)
    acknowledged = {cid for writer in writers for cid in writer.acks}
    assert acknowledged | {f"after-{number}" for number in range(1, 7)} == {cid for _, cid in log}
    for socket in readers:
        assert [(entry["seq"], entry["cid"]) for entry in socket.entries] == log
    for worker in workers:
        assert "Traceback" not in worker.log.read_text()


def subscribers(client, channels):
    """How many connections have subscribed to the channels of a Redis."""
    return sum(number for _, number in client.pubsub_numsub(*channels)) if channels else 0
