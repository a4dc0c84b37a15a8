"""A worker that hangs under load: stopped by a signal, so that it holds its connections and answers
nothing. Its clients are back within half a minute; without the watchdog they waited for minutes."""

import asyncio
import os
import signal
import time

import httpx
import pytest

from tests.clients.websocket import open_client
from tests.hosted import HostedSite, answers

pytestmark = pytest.mark.timeout(240)

BACK_SECONDS = 30  # the watchdog needs 11; a busy machine needs longer
SOCKETS, PAGES = 6, 3


@pytest.fixture
async def front(tmp_path):
    site = await asyncio.to_thread(HostedSite, tmp_path)
    yield site.front
    await asyncio.to_thread(site.close)


class Load:
    """Requests pages without end, and notes how long each took."""

    def __init__(self, front):
        self.front = front
        self.statuses, self.seconds = set(), []

    async def request_pages(self):
        async with httpx.AsyncClient(base_url=self.front.url, timeout=200) as client:
            while True:
                began = time.monotonic()
                self.statuses.add((await client.get("/chat/")).status_code)
                self.seconds.append(time.monotonic() - began)
                await asyncio.sleep(0.1)


async def reconnect_after_end(front):
    """Waits until a socket ends and opens another one. Returns the moment."""
    client = await open_client(front.ws, ping_interval=None)
    await client.closed()
    await client.close()
    again = await open_client(front.ws)
    await again.join()
    await again.close()
    return time.monotonic()


async def test_a_worker_that_hangs_is_killed_and_its_clients_are_back(front):
    for _ in range(3):
        try:
            return await hang_first_worker(front)
        except ProcessLookupError:
            # On an overloaded machine the watchdog may already have killed a worker that was slow.
            continue
    raise AssertionError("the first worker ended three times before it was stopped")


async def hang_first_worker(front):
    load = Load(front)
    requesting = [asyncio.ensure_future(load.request_pages()) for _ in range(PAGES)]
    sockets = [asyncio.ensure_future(reconnect_after_end(front)) for _ in range(SOCKETS)]
    while sum(open_sockets(at) for at in front.workers) < SOCKETS or not load.seconds:
        await asyncio.sleep(0.1)
    on_first = open_sockets(front.workers[0])
    assert 0 < on_first < SOCKETS
    hung, other = (int(front.supervisorctl("pid", f"site:worker_{n}")) for n in (1, 2))
    try:
        os.kill(hung, signal.SIGSTOP)
    except ProcessLookupError:
        for task in (*requesting, *sockets):
            task.cancel()
        raise
    stopped_at = time.monotonic()
    while sum(socket.done() for socket in sockets) < on_first:
        await asyncio.sleep(0.1)
    while not await asyncio.to_thread(answers, f"http://{front.workers[0]}/readyz"):
        await asyncio.sleep(0.1)
    for task in requesting:
        task.cancel()
    back = [socket.result() - stopped_at for socket in sockets if socket.done()]
    assert len(back) == on_first
    assert max(back) < BACK_SECONDS
    assert max(load.seconds) < BACK_SECONDS
    assert load.statuses == {200}
    log = (front.folder / "log" / "watchdog.log").read_text()
    assert log.splitlines()[-1] == f"site:worker_1 (process {hung}) hung and was killed."
    assert int(front.supervisorctl("pid", "site:worker_2")) == other
    for socket in sockets:
        socket.cancel()


def open_sockets(address):
    """The number of open sockets of a worker."""
    metrics = httpx.get(f"http://{address}/metrics").text
    return int(float(metrics.partition('\ntwinstream_sockets{transport="json"} ')[2].split()[0]))
