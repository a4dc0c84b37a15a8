"""A worker stops in time although its threads wait for the database."""

import asyncio
import signal
import sqlite3

import psycopg

from config.worker.thread_pool import THREADS
from tests.live.hostile.raw import connect
from tests.live.test_draining import LEAVE_SECONDS, until

BLOCKED_REQUESTS = 30
ENTRIES = b"GET /api/rooms/lobby/entries HTTP/1.1\r\nHost: localhost\r\n\r\n"
READY = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_a_draining_worker_answers_503_and_aborts_blocked_requests(make_site):
    """The requests before the stop wait for a locked table."""
    site = make_site(postgres=True)
    worker = site.worker()
    late, probe, *blocked = [await connect(worker) for _ in range(BLOCKED_REQUESTS + 2)]
    for client in (late, probe):  # these connections stay open
        client.send(READY)
        await client.until(b'ready"}\n')
    with psycopg.connect(site.postgres.url) as lock:
        lock.execute("LOCK TABLE chat_room")
        for client in blocked:
            client.send(ENTRIES)
        await until(lambda: all_threads_wait(site.postgres))
        worker.running.send_signal(signal.SIGTERM)
        probe.send(READY)
        assert b'"worker": "draining"' in await probe.rest()
        late.send(ENTRIES)
        answer = await late.rest()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nConnection: close\r\n" in answer
        await until(lambda: "did not end in time" in worker.log.read_text())
    assert await asyncio.gather(*(client.rest() for client in blocked)) == [b""] * BLOCKED_REQUESTS
    assert await asyncio.to_thread(worker.running.wait, LEAVE_SECONDS) == 0
    log = worker.log.read_text()
    assert f"Aborted {BLOCKED_REQUESTS} connections that did not end in time" in log
    assert "Traceback" not in log


def all_threads_wait(postgres):
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(postgres.url) as connection:
        return connection.execute(query).fetchone()[0] >= THREADS


async def test_a_worker_that_has_answered_404_ends_without_waiting_for_a_thread(make_site, client):
    worker = make_site().worker()
    assert (await client.get(f"{worker.url}/missing/")).status_code == 404
    worker.running.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(worker.running.wait, LEAVE_SECONDS) == 0
    assert "still running" not in worker.log.read_text()


async def test_a_thread_that_waits_for_a_locked_database_does_not_delay_the_exit(
    make_site, open_socket
):
    """The log names the thread, and the process exits without waiting for it."""
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
