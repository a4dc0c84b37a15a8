"""A worker whose database is behind PgBouncer in transaction mode."""

import asyncio
import contextlib

import psycopg

from tests.databases import PgBouncer
from tests.live.conftest import stored_log

FAST = {"CHAT_MESSAGES_PER_SECOND": "10000", "CHAT_BURST": "10000"}
MESSAGES = 40


async def test_a_worker_behind_pgbouncer_stores_and_reads_everything(
    make_site, client, open_socket, tmp_path
):
    site = make_site(redis=True, postgres=True, DATABASE_POOLER="on", **FAST)
    with contextlib.closing(PgBouncer(tmp_path, site.postgres)) as bouncer:
        await asyncio.to_thread(bouncer.start)
        site.environment["DATABASE_URL"] = bouncer.url
        worker = await asyncio.to_thread(site.worker)
        ann, bob = await open_socket(worker), await open_socket(worker)
        for socket in (ann, bob):
            await socket.join()
        says = [
            socket.say(f"{name}-{n}")
            for n in range(MESSAGES)
            for name, socket in (("ann", ann), ("bob", bob))
        ]
        # More requests at once than PgBouncer has connections to the server.
        address = f"{worker.url}/api/rooms/lobby/entries"
        answers = await asyncio.gather(*says, *(client.get(address) for _ in range(20)))
        assert [answer.status_code for answer in answers if answer] == [200] * 20
        for socket in (ann, bob):
            await socket.until_head(2 * MESSAGES)
        await ann.send("edit", room="lobby", cid="edit", ref=ann.acks["ann-3"]["seq"], body="new")
        await ann.acknowledged("edit")
        history = (await client.get(address, params={"before": 2 * MESSAGES + 1})).json()
        assert history["events"][-1]["seq"] == 2 * MESSAGES
        log = stored_log(site)
        assert [seq for seq, _ in log] == list(range(1, 2 * MESSAGES + 2))
        assert len({cid for _, cid in log}) == len(log)
        with psycopg.connect(site.postgres.url) as database:
            query = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'site'"
            assert database.execute(query).fetchone()[0] <= 3  # two of PgBouncer, and this one
    assert " ERROR " not in worker.log.read_text()
    assert "Traceback" not in worker.log.read_text()
