"""An application that fails does not affect the requests of other clients."""

import asyncio

import httpx
import pytest

from tests.live.hostile import raw
from tests.live.hostile.raw import ask
from tests.servers import Worker


@pytest.fixture
def worker(make_site):
    site = make_site(DJANGO_SETTINGS_MODULE="config.settings")
    options = ("--application-close-timeout", "1")
    worker = Worker(site, "worker", site.server, options)
    worker.command[-1] = "tests.failing_application:application"
    site.processes.append(worker)
    return worker.start()


def request(path):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


async def test_a_failed_answer_is_cut_off_and_the_next_client_is_served(worker):
    for _ in range(2):
        assert (await ask(worker, request("/midway"))).endswith(b"\r\nhalf an answer\r\n")
        assert await ask(worker, request("/between")) == b""
    async with httpx.AsyncClient(timeout=30) as client:
        assert (await client.get(f"{worker.url}/at-once")).status_code == 500
        refused = await raw.connect(worker)
        refused.send(raw.HANDSHAKE.format(path="/", headers="").encode())
        assert (await refused.rest()).startswith(b"HTTP/1.1 500 ")
        await check_that_the_sweep_still_runs(worker)
        assert (await client.get(worker.url)).text == "a whole answer"
    log = worker.log.read_text()
    assert log.count("Exception inside application: midway") == 2
    assert log.count("ValueError") == 0


async def check_that_the_sweep_still_runs(worker):
    """The server kills an application that does not end after its client has left."""
    staying = await raw.connect(worker)
    staying.send(request("/stay"))
    await staying.until(b"stays")
    staying.close()
    async with asyncio.timeout(30):
        while "took too long to shut down and was killed" not in worker.log.read_text():
            await asyncio.sleep(0.05)


async def test_a_head_request_is_answered_without_a_body(worker):
    request = b"HEAD /parts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert (await ask(worker, request)).endswith(b"\r\n\r\n")
    assert (await ask(worker, request.replace(b"HEAD", b"GET"))).count(b"a part\n") == 3


async def test_the_server_runs_on_uvloop_and_waits_for_slow_handshakes(worker):
    async with httpx.AsyncClient(timeout=30) as client:
        assert (await client.get(f"{worker.url}/tell")).json() == ["uvloop", 30, 30]
