"""What a sender is told while something is broken, and what is there when it is whole again."""

import asyncio
import itertools
import re
import signal
import sqlite3
from contextlib import closing

import pytest

from tests.live.conftest import the_log

pytestmark = pytest.mark.apart

FAST = {"CHAT_MESSAGES_PER_SECOND": "10000", "CHAT_BURST": "10000"}


# ---- A worker ------------------------------------------------------------------------


@pytest.mark.parametrize("postgres", [False, True])
async def test_what_was_acknowledged_before_kill_9_is_there(make_site, open_socket, postgres):
    """Killed in the very moment of an ack, while more is being written."""
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
    log = the_log(site)
    assert [seq for seq, _ in log] == list(range(1, len(log) + 1))
    assert len({cid for _, cid in log}) == len(log)
    assert acks.items() <= {cid: seq for seq, cid in log}.items()


# ---- The database --------------------------------------------------------------------


async def insists(client, cid, refused):
    """Says it again with the same cid, as often and as late as the answers ask for. Sets the
    event `refused` when it was told to, and returns the ack."""
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


async def arrives_once_after(client, other, break_it, mend_it):
    """Says something while the database is broken, insists, and sees it arrive on both."""
    for socket in (client, other):
        await socket.join()
    await client.say("before")
    await client.acknowledged("before")
    await break_it()
    refused = asyncio.Event()
    insisting = asyncio.ensure_future(insists(client, "during", refused))
    await other.say("too")
    assert (await other.until("error"))["retry_after_ms"] > 0
    # Each on a worker of its own: that one has given up does not say that the other has.
    await refused.wait()
    await mend_it()
    ack = await insisting
    assert (ack["seq"], ack["duplicate"]) == (2, False)
    await other.say("too")
    for socket in (client, other):
        async with asyncio.timeout(60):
            await socket.until_head(3)
        assert [entry["cid"] for entry in socket.entries] == ["before", "during", "too"]


async def test_a_locked_sqlite_is_told_and_the_message_arrives_later_once(make_site, open_socket):
    site = make_site(redis=True, DJANGO_SETTINGS_MODULE="tests.impatient")
    workers = [site.worker("one"), site.worker("two")]
    clients = [await open_socket(worker) for worker in workers]
    locking = sqlite3.connect(site.folder / "site.sqlite3", isolation_level=None)

    async def lock():
        locking.execute("BEGIN EXCLUSIVE")

    async def unlock():
        locking.execute("ROLLBACK")

    try:
        async with asyncio.timeout(120):
            await arrives_once_after(*clients, lock, unlock)
    finally:
        locking.close()
    assert [cid for _, cid in the_log(site)] == ["before", "during", "too"]
    assert "Traceback" not in workers[0].log.read_text() + workers[1].log.read_text()


async def test_postgresql_away_is_told_and_the_message_arrives_later_once(make_site, open_socket):
    site = make_site(redis=True, postgres=True)
    workers = [site.worker("one"), site.worker("two")]
    clients = [await open_socket(worker) for worker in workers]

    async def stop():
        await asyncio.to_thread(site.postgres.stop)

    async def start():
        await asyncio.to_thread(site.postgres.start)

    async with asyncio.timeout(120):
        await arrives_once_after(*clients, stop, start)
    assert [cid for _, cid in the_log(site)] == ["before", "during", "too"]
    assert "Traceback" not in workers[0].log.read_text() + workers[1].log.read_text()


async def test_postgresql_that_was_restarted_is_nobodys_concern(make_site, open_socket):
    """The writer keeps a connection, which has ended."""
    site = make_site(redis=True, postgres=True)
    client = await open_socket(site.worker())
    await client.say("before")
    await client.acknowledged("before")
    await asyncio.to_thread(site.postgres.stop)
    await asyncio.to_thread(site.postgres.start)
    await client.say("after")
    assert (await client.until("ack"))["seq"] == 2


async def test_a_sqlite_file_that_was_replaced_is_the_one_that_is_written(make_site, open_socket):
    """By a backup, from before the last message."""
    site = make_site(redis=True)
    client = await open_socket(site.worker())
    await client.say("before")
    await client.acknowledged("before")
    file, backup = site.folder / "site.sqlite3", site.folder / "backup.sqlite3"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    await client.say("lost")
    await client.acknowledged("lost")
    for left in ("site.sqlite3-wal", "site.sqlite3-shm"):
        (site.folder / left).unlink(missing_ok=True)
    backup.replace(file)
    await client.say("after")
    assert (await client.acknowledged("after"))["seq"] == 2
    assert the_log(site) == [(1, "before"), (2, "after")]


# ---- Redis ---------------------------------------------------------------------------

AWAY, BACK = "Channel layer unreachable", "Channel layer reachable again"


@pytest.mark.parametrize("hung", [False, True])
async def test_redis_away_is_said_once_and_once_that_it_is_back(make_site, open_socket, hung):
    site = make_site(redis=True)
    workers = [site.worker("one"), site.worker("two")]
    one, near, far = [await open_socket(workers[at]) for at in (0, 0, 1)]
    for socket in (one, near, far):
        await socket.join()
    await asyncio.to_thread(site.redis.pause if hung else site.redis.stop)
    # Longer than it takes Redis to be given up, and tried again.
    delays = [await is_read_while_redis_is_away(one, near, far, n) for n in range(1, 5)]
    assert min(delays) < 1.0
    await asyncio.to_thread(site.redis.resume if hung else site.redis.start)
    async with asyncio.timeout(120):
        await rings_again(one, workers)
    # Who wrote must have noticed; who only listened may have.
    assert [said(worker, AWAY) for worker in workers] in ([1, 1], [1, 0])
    for worker in workers:
        assert said(worker, BACK) == said(worker, AWAY) == said(worker, " (WARNING|ERROR) ")
        assert said(worker, "Traceback") == 0


def said(worker, pattern):
    """In how many lines of its log a worker says something."""
    return sum(bool(re.search(pattern, line)) for line in worker.log.read_text().splitlines())


async def is_read_while_redis_is_away(one, near, far, number):
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


async def rings_again(one, workers):
    """Talks until all who missed Redis have noticed that it is back."""
    for number in itertools.count():
        await one.say(f"again-{number}")
        await one.acknowledged(f"again-{number}")
        if all(said(worker, BACK) == said(worker, AWAY) for worker in workers):
            return
        await asyncio.sleep(0.2)  # nothing tells when the bell is heard
