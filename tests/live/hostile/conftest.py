"""A worker that is attacked, and two normal clients that must not notice it."""

import asyncio

import pytest

from tests.servers import Site, Worker

REQUEST_SECONDS = 3


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    """The same worker for all tests of a file: it must survive all of them."""
    site = Site(
        tmp_path_factory.mktemp("site"),
        REQUEST_SECONDS=str(REQUEST_SECONDS),
        HEARTBEAT_SECONDS="5",
        SILENCE_SECONDS="10",
        CHAT_MESSAGES_PER_SECOND="100000",
        CHAT_BURST="100000",
    )
    worker = Worker(site, "worker", site.server)
    worker.command += ["-v", "2"]  # Twisted logs unhandled errors as well
    site.processes.append(worker)
    yield worker.start()
    site.close()


@pytest.fixture(autouse=True)
async def normal_clients(worker, open_socket):
    """Two clients exchange messages during the test and after it. The log must have no errors."""
    ann, bob = [await open_socket(worker, ping_interval=None) for _ in range(2)]
    for client in (ann, bob):
        await client.join()
    sent = 0

    async def talk():
        nonlocal sent
        while True:
            await ann.say(f"others-{id(ann)}-{sent}")
            head = (await ann.acknowledged(f"others-{id(ann)}-{sent}"))["seq"]
            await asyncio.gather(ann.until_head(head), bob.until_head(head))
            sent += 1
            await asyncio.sleep(0.05)

    talking = asyncio.ensure_future(talk())
    yield
    before = sent
    async with asyncio.timeout(60):
        while sent < before + 3 and not talking.done():
            await asyncio.sleep(0.05)
    talking.cancel()
    assert sent >= before + 3
    assert worker.running.poll() is None
    log = worker.log.read_text()
    for trouble in ("Traceback", "Unhandled", "CRITICAL", "Error:"):
        assert trouble not in log
