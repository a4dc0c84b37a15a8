"""A worker is ended while a database holds it up: it leaves all the same, in time."""

import asyncio
import signal
import sqlite3

import psycopg

from config.worker.thread_pool import THREADS
from tests.live.hostile.raw import connect
from tests.live.test_draining import LEAVE_SECONDS, until

HANGING = 30
ENTRIES = b"GET /api/rooms/lobby/entries HTTP/1.1\r\nHost: localhost\r\n\r\n"
READY = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_whoever_asks_a_worker_that_leaves_is_sent_on_and_no_trouble_is_made(make_site):
    """While the database holds up those who asked before."""
    site = make_site(postgres=True)
    worker = site.worker()
    late, probe, *hanging = [await connect(worker) for _ in range(HANGING + 2)]
    for one in (late, probe):  # their connections are kept
        one.send(READY)
        await one.until(b'ready"}\n')
    with psycopg.connect(site.postgres.url) as lock:
        lock.execute("LOCK TABLE chat_room")
        for one in hanging:
            one.send(ENTRIES)
        await until(lambda: all_lanes_wait(site.postgres))
        worker.running.send_signal(signal.SIGTERM)
        probe.send(READY)
        assert b'"worker": "draining"' in await probe.rest()
        late.send(ENTRIES)
        answer = await late.rest()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nConnection: close\r\n" in answer
        await until(lambda: "did not end in time" in worker.log.read_text())
    assert await asyncio.gather(*(one.rest() for one in hanging)) == [b""] * HANGING
    assert await asyncio.to_thread(worker.running.wait, LEAVE_SECONDS) == 0
    log = worker.log.read_text()
    assert f"Aborted {HANGING} connections that did not end in time" in log
    assert "Traceback" not in log


def all_lanes_wait(postgres):
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(postgres.url) as connection:
        return connection.execute(asked).fetchone()[0] >= THREADS


async def test_a_thread_that_waits_for_a_locked_database_holds_nobody(make_site, open_socket):
    """It is named in the log, and the process leaves without it."""
    site = make_site()
    worker = site.worker()
    socket = await open_socket(worker)
    await socket.join()
    lock = sqlite3.connect(site.folder / "site.sqlite3", isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        await socket.say("c")
        await socket.send("ping", ts=1)
        await socket.until("pong")
        worker.running.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.running.wait, LEAVE_SECONDS) == 1
    finally:
        lock.close()
    assert "Threads still running at exit: log-writer_0" in worker.log.read_text()
