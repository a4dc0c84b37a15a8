"""A sender's answers while the database or Redis fails, and the log after the recovery."""

import asyncio
import itertools
import re
import signal
import sqlite3

import pytest

from tests.live.conftest import stored_log

FAST = {"CHAT_MESSAGES_PER_SECOND": "10000", "CHAT_BURST": "10000"}


# ---- A worker ------------------------------------------------------------------------


@pytest.mark.parametrize("postgres", [False, True])
async def test_acknowledged_entries_survive_kill_9(make_site, open_socket, postgres):
    """The worker is killed right after an ack, while it writes other entries."""
    site = make_site(redis=True, postgres=postgres, **FAST)
    worker = site.worker()
    acks = {}
    for round in range(4):
        client = await open_socket(worker)
        await asyncio.gather(*(client.say(f"{round}-{number}") for number in range(60)))
        last = f"{round}-{round * 7}"
        ack = await client.acknowledged(last)
        worker.running.send_signal(signal.SIGKILL)
        assert ack["duplicate"] is False
        acks |= {cid: ack["seq"] for cid, ack in client.acks.items()}
        await asyncio.to_thread(worker.kill)
        await asyncio.to_thread(worker.start)
    log = stored_log(site)
    assert [seq for seq, _ in log] == list(range(1, len(log) + 1))
    assert len({cid for _, cid in log}) == len(log)
    assert acks.items() <= {cid: seq for seq, cid in log}.items()


# ---- The database --------------------------------------------------------------------


async def send_until_acknowledged(client, cid, refused):
    """Sends a message until it is acknowledged, with the same cid and after the requested waits.
    Sets the event `refused` at the first error. Returns the ack."""
    while True:
        await client.say(cid)
        while True:
            frame = await client.take()
            if frame["type"] in ("ack", "error"):
                break
        if frame["type"] == "ack":
            return frame
        assert (frame["code"], frame["cid"]) == ("internal", cid)
        refused.set()
        await asyncio.sleep(frame["retry_after_ms"] / 1000)


async def check_delivery_across_failure(client, other, break_database, repair_database):
    """Sends messages while the database fails. Each must reach both clients once."""
    for socket in (client, other):
        await socket.join()
    await client.say("before")
    await client.acknowledged("before")
    await break_database()
    refused = asyncio.Event()
    sending = asyncio.ensure_future(send_until_acknowledged(client, "during", refused))
    await other.say("too")
    assert (await other.until("error"))["retry_after_ms"] > 0
    # Each client has its own worker: wait until both have got an error.
    await refused.wait()
    await repair_database()
    ack = await sending
    assert (ack["seq"], ack["duplicate"]) == (2, False)
    await other.say("too")
    for socket in (client, other):
        async with asyncio.timeout(60):
            await socket.until_head(3)
        assert [entry["cid"] for entry in socket.entries] == ["before", "during", "too"]


async def test_a_message_to_a_locked_sqlite_gets_an_error_and_arrives_once_after_a_retry(
    make_site, open_socket
):
    site = make_site(redis=True, DJANGO_SETTINGS_MODULE="tests.short_timeout_settings")
    workers = [site.worker("one"), site.worker("two")]
    clients = [await open_socket(worker) for worker in workers]
    locking = sqlite3.connect(site.folder / "site.sqlite3", isolation_level=None)

    async def lock():
        locking.execute("BEGIN EXCLUSIVE")

    async def unlock():
        locking.execute("ROLLBACK")

    try:
        async with asyncio.timeout(120):
            await check_delivery_across_failure(*clients, lock, unlock)
    finally:
        locking.close()
    assert [cid for _, cid in stored_log(site)] == ["before", "during", "too"]
    assert "Traceback" not in workers[0].log.read_text() + workers[1].log.read_text()


async def test_a_message_without_postgresql_gets_an_error_and_arrives_once_after_a_retry(
    make_site, open_socket
):
    site = make_site(redis=True, postgres=True)
    workers = [site.worker("one"), site.worker("two")]
    clients = [await open_socket(worker) for worker in workers]

    async def stop():
        await asyncio.to_thread(site.postgres.stop)

    async def start():
        await asyncio.to_thread(site.postgres.start)

    async with asyncio.timeout(120):
        await check_delivery_across_failure(*clients, stop, start)
    assert [cid for _, cid in stored_log(site)] == ["before", "during", "too"]
    assert "Traceback" not in workers[0].log.read_text() + workers[1].log.read_text()


async def test_a_message_after_a_restart_of_postgresql_is_stored_without_an_error(
    make_site, open_socket
):
    """The connection of the log's writer has ended with the old server."""
    site = make_site(redis=True, postgres=True)
    client = await open_socket(site.worker())
    await client.say("before")
    await client.acknowledged("before")
    await asyncio.to_thread(site.postgres.stop)
    await asyncio.to_thread(site.postgres.start)
    await client.say("after")
    assert (await client.until("ack"))["seq"] == 2


# ---- Redis ---------------------------------------------------------------------------

AWAY, BACK = "Channel layer unreachable", "Channel layer reachable again"


@pytest.mark.parametrize("hung", [False, True])
async def test_each_worker_logs_once_that_redis_is_away_and_once_that_it_is_back(
    make_site, open_socket, hung
):
    site = make_site(redis=True)
    workers = [site.worker("one"), site.worker("two")]
    one, near, far = [await open_socket(workers[at]) for at in (0, 0, 1)]
    for socket in (one, near, far):
        await socket.join()
    await asyncio.to_thread(site.redis.pause if hung else site.redis.stop)
    # Longer than it takes Redis to be given up, and tried again.
    delays = [await check_delivery_without_redis(one, near, far, n) for n in range(1, 5)]
    assert min(delays) < 1.0
    await asyncio.to_thread(site.redis.resume if hung else site.redis.start)
    async with asyncio.timeout(120):
        await wait_until_redis_is_noticed(one, workers)
    # The worker that wrote must have noticed; the other one may have.
    assert [count_log_lines(worker, AWAY) for worker in workers] in ([1, 1], [1, 0])
    for worker in workers:
        assert (
            count_log_lines(worker, BACK)
            == count_log_lines(worker, AWAY)
            == count_log_lines(worker, " (WARNING|ERROR) ")
        )
        assert count_log_lines(worker, "Traceback") == 0


def count_log_lines(worker, pattern):
    """The number of lines in a worker's log that match a pattern."""
    return sum(bool(re.search(pattern, line)) for line in worker.log.read_text().splitlines())


async def check_delivery_without_redis(one, near, far, number):
    """At once on the worker that writes it, and by the slow check on the other. Returns the
    seconds that the first took."""
    time = asyncio.get_running_loop().time
    started = time()
    await one.say(f"c-{number}")
    await one.acknowledged(f"c-{number}")
    await near.until_head(number)
    took = time() - started
    await far.until_head(number)
    return took


async def wait_until_redis_is_noticed(one, workers):
    """Sends messages until all workers have logged that Redis is back."""
    for number in itertools.count():
        await one.say(f"again-{number}")
        await one.acknowledged(f"again-{number}")
        if all(
            count_log_lines(worker, BACK) == count_log_lines(worker, AWAY) for worker in workers
        ):
            return
        await asyncio.sleep(0.2)  # there is no event for the end of an outage
