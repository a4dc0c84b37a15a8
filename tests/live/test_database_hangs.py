"""PostgreSQL that neither answers nor refuses: it is paused, or the network drops packets."""

import asyncio

import pytest

from tests.live.conftest import stored_log
from tests.live.test_failures import send_until_acknowledged
from tests.live.test_health_and_metrics import until_ready
from tests.packet_loss import LossyProxy

# A worker with these settings gives a server up after 2 s to connect, and 3 s for a statement.
SHORT = {"DATABASE_CONNECT_SECONDS": "2", "DATABASE_STATEMENT_SECONDS": "1"}
ANSWER_SECONDS = 60  # on a machine with other load; without a time-out the wait never ends


@pytest.mark.timeout(400)
async def test_a_database_that_does_not_answer_costs_a_bounded_time(make_site, client, open_socket):
    site = make_site(redis=True, postgres=True, **SHORT)
    server = site.postgres
    direct = site.environment["DATABASE_URL"]
    async with LossyProxy(server.port) as proxy:
        site.environment["DATABASE_URL"] = direct.replace(str(server.port), str(proxy.port))
        worker = await asyncio.to_thread(site.worker)
        site.environment["DATABASE_URL"] = direct
        ann, bob = await open_socket(worker), await open_socket(worker)
        for stop, resume in ((server.pause, server.resume), (proxy.drop, proxy.restore)):
            await check_outage(worker, client, ann, bob, stop, resume)
    log = stored_log(site)
    assert [cid for _, cid in log] == [
        *("before-pause", "during-pause", "after-pause"),
        *("before-drop", "during-drop", "after-drop"),
    ]
    assert "Traceback" not in worker.log.read_text()


async def check_outage(worker, client, ann, bob, stop, resume):
    """Messages around an outage are answered in time, and each is stored once."""
    name = stop.__name__
    assert await until_ready(client, worker) == 200
    for socket in (ann, bob):
        await socket.join()  # so that the next message needs only the writer of the log
    await ann.say(f"before-{name}")
    await ann.acknowledged(f"before-{name}")
    await asyncio.to_thread(stop)
    refused = asyncio.Event()
    sending = asyncio.ensure_future(send_until_acknowledged(ann, f"during-{name}", refused))
    async with asyncio.timeout(ANSWER_SECONDS):
        await refused.wait()
        assert await until_ready(client, worker, database="away") == 503
        # A request that reads is answered too.
        answer = await client.get(f"{worker.url}/api/rooms/lobby/entries", timeout=ANSWER_SECONDS)
        assert (answer.status_code, answer.json()["code"]) == (503, "internal")
    await asyncio.to_thread(resume)
    async with asyncio.timeout(ANSWER_SECONDS):
        assert (await sending)["duplicate"] is False
        assert await until_ready(client, worker) == 200
        await ann.say(f"after-{name}")
        await ann.acknowledged(f"after-{name}")
        await bob.until_head(ann.acks[f"after-{name}"]["seq"])
