"""A worker that is ill-treated, and others who are with it meanwhile."""

import asyncio

import pytest

from tests.servers import Site, Worker

REQUEST_SECONDS = 3


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    """One worker for all the tests of a file: it lives through them."""
    site = Site(
        tmp_path_factory.mktemp("site"),
        REQUEST_SECONDS=str(REQUEST_SECONDS),
        HEARTBEAT_SECONDS="5",
        SILENCE_SECONDS="10",
        CHAT_MESSAGES_PER_SECOND="100000",
        CHAT_BURST="100000",
    )
    worker = Worker(site, "worker", site.server)
    worker.command += ["-v", "2"]  # Twisted, too, says what it did not expect
    site.processes.append(worker)
    yield worker.start()
    site.close()


@pytest.fixture(autouse=True)
async def others(worker, open_socket):
    """Two people who talk all the while. Both go on afterwards, and nothing is in the log."""
    ann, bob = [await open_socket(worker, ping_interval=None) for _ in range(2)]
    for one in (ann, bob):
        await one.join()
    said = 0

    async def talk():
        nonlocal said
        while True:
            await ann.say(f"others-{id(ann)}-{said}")
            head = (await ann.acknowledged(f"others-{id(ann)}-{said}"))["seq"]
            await asyncio.gather(ann.until_head(head), bob.until_head(head))
            said += 1
            await asyncio.sleep(0.05)

    talking = asyncio.ensure_future(talk())
    yield
    before = said
    async with asyncio.timeout(60):
        while said < before + 3 and not talking.done():
            await asyncio.sleep(0.05)
    talking.cancel()
    assert said >= before + 3
    assert worker.running.poll() is None
    log = worker.log.read_text()
    for trouble in ("Traceback", "Unhandled", "CRITICAL", "Error:"):
        assert trouble not in log
