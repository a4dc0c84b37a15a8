"""What an operator sees of real workers: probes, and figures that move with what happens."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.hostile.raw import deaf

pytestmark = pytest.mark.apart

PATIENCE_SECONDS = 90
FAST = {"CHAT_MESSAGES_PER_SECOND": "100000", "CHAT_BURST": "100000"}


class Figures:
    """The metrics of a worker, as Prometheus reads them."""

    def __init__(self, client, worker):
        self.client = client
        self.worker = worker

    async def all(self):
        answer = await self.client.get(f"{self.worker.url}/metrics")
        families = text_string_to_metric_families(answer.text)
        return {
            (sample.name.removeprefix("twinstream_"), *sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
        }

    async def until(self, **wanted):
        """Waits until figures have values: `sockets__json=2`."""
        names = {tuple(name.split("__")): value for name, value in wanted.items()}
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = await self.all()
                if all(found[name] == value for name, value in names.items()):
                    return found
                await asyncio.sleep(0.05)  # nothing tells when a figure has moved


async def until_ready(client, asked, **words):
    """Waits until a worker says this of itself, and returns its status."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await client.get(f"{asked.url}/readyz")
            if answer.json() == {"worker": "ready", "database": "ready", "redis": "ready"} | words:
                return answer.status_code


# ---- Probes --------------------------------------------------------------------------


async def test_probes_are_answered_whatever_the_host_is(make_site, client):
    worker = make_site(redis=True).worker()
    foreign = {"Host": "10.1.2.3"}
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = await client.get(worker.url + path, headers=foreign)
        assert answer.status_code == 200
        assert not answer.cookies
        head = await client.head(worker.url + path, headers=foreign)
        assert (head.status_code, head.content) == (200, b"")
    assert (await client.get(worker.url, headers=foreign)).status_code == 400
    proxied = {"X-Forwarded-For": "1.2.3.4"}
    assert (await client.get(f"{worker.url}/metrics", headers=proxied)).status_code == 404
    assert "Traceback" not in worker.log.read_text()


@pytest.mark.parametrize("hung", [False, True])
async def test_a_worker_without_redis_is_not_ready(make_site, client, hung):
    site = make_site(redis=True)
    worker = site.worker()
    assert await until_ready(client, worker) == 200
    await asyncio.to_thread(site.redis.pause if hung else site.redis.stop)
    assert await until_ready(client, worker, redis="away") == 503
    assert (await client.get(f"{worker.url}/healthz")).status_code == 200
    await asyncio.to_thread(site.redis.resume if hung else site.redis.start)
    assert await until_ready(client, worker) == 200


def threads(worker):
    return len(list((Path("/proc") / str(worker.running.pid) / "task").iterdir()))


@pytest.mark.timeout(240)  # on a busy machine half of it goes by until PostgreSQL runs
async def test_a_database_that_hangs_takes_one_thread_and_not_the_worker(make_site, client):
    site = make_site(redis=True, postgres=True)
    worker = site.worker()
    assert await until_ready(client, worker) == 200
    site.postgres.pause()
    before = threads(worker)
    asking = [until_ready(client, worker, database="away") for _ in range(20)]
    assert set(await asyncio.gather(*asking)) == {503}
    assert await until_ready(client, worker, database="away") == 503
    assert threads(worker) <= before + 1
    assert (await client.get(f"{worker.url}/healthz")).status_code == 200
    site.postgres.resume()
    assert await until_ready(client, worker) == 200
    site.postgres.pause()
    assert await until_ready(client, worker, database="away") == 503
    worker.running.send_signal(signal.SIGTERM)  # nobody waits for that thread either
    assert await asyncio.to_thread(worker.running.wait, PATIENCE_SECONDS) == 0
    site.postgres.resume()


async def test_one_worker_without_redis_is_asked_the_same(make_site, client):
    site = make_site(development=True)
    worker = site.worker()
    answer = await client.get(f"{worker.url}/readyz")
    assert (answer.status_code, answer.json()) == (200, {"worker": "ready", "database": "ready"})
    assert "twinstream_redis_up" not in (await client.get(f"{worker.url}/metrics")).text


# ---- Figures -------------------------------------------------------------------------


async def test_figures_move_with_what_happens(make_site, client, open_socket, open_line):
    site = make_site(redis=True, **FAST)
    one, two = site.worker("one"), site.worker("two")
    here, there = Figures(client, one), Figures(client, two)
    ann, bob = await open_socket(one), await open_socket(two)
    await ann.join()
    joined = await bob.join()
    await open_line(one, "/ws/chat/lobby/?name=Mcu")
    async with client.stream("GET", f"{one.url}/api/rooms/lobby/events"):
        await here.until(
            sockets__json=1, sockets__plain=1, streams__room=1, readers__stream=1, rooms=1
        )
        for number in range(5):
            await ann.say(f"c-{number}")
        await bob.until_head(5)
        told = await here.until(entries_appended_total=5, deliveries_total=15)
    assert told["append_seconds_count",] == 5
    assert 1 <= told["append_batch_count",] <= 5
    assert told["append_batch_sum",] == 5
    assert told["delivery_seconds_bucket", "+Inf"] == told["delivery_seconds_count",] >= 3
    await here.until(streams__room=0, readers__stream=0)
    await there.until(entries_appended_total=0, deliveries_total=5, resumes_total__json=0)

    await bob.join(cursor=joined["cursor"])
    await there.until(resumes_total__json=1, resets_total__json=0)
    await bob.join(cursor="else:1")
    await there.until(resumes_total__json=2, resets_total__json=1)


async def test_redis_away_and_what_is_read_instead_is_seen(make_site, client, open_socket):
    site = make_site(redis=True)
    one, two = site.worker("one"), site.worker("two")
    here, there = Figures(client, one), Figures(client, two)
    ann, bob = await open_socket(one), await open_socket(two)
    await ann.join()
    await bob.join()
    assert (await there.until(redis_up=1))["gaps_total",] == 0
    await asyncio.to_thread(site.redis.stop)
    await ann.say("unheard")
    await bob.until_head(1)
    await there.until(gaps_total=1)
    await here.until(redis_up=0)
    await there.until(redis_up=0)
    await asyncio.to_thread(site.redis.start)
    await here.until(redis_up=1)
    await there.until(redis_up=1)


async def talk_until_slow(talker, figures):
    """Says so much that who takes nothing is full."""
    number = 0
    while (await figures.all())["slow_readers",] == 0:
        await talker.say(f"c-{number}", "你" * 3_990)
        await talker.acknowledged(f"c-{number}")
        number += 1


@pytest.fixture
async def slow_reader(make_site, client, open_socket):
    """A worker, its figures, and a reader that takes nothing more."""
    worker = make_site(redis=True, **FAST).worker()
    figures = Figures(client, worker)
    talker = await open_socket(worker, max_queue=None, ping_interval=None)
    await figures.until(slow_readers=0, draining=0)
    with deaf(worker, "/api/rooms/lobby/events") as reader:
        await figures.until(streams__room=1)
        await talk_until_slow(talker, figures)
        yield worker, figures, reader


async def test_a_slow_reader_is_counted_until_it_goes(slow_reader):
    _, figures, reader = slow_reader
    reader.close()
    await figures.until(slow_readers=0, streams__room=0)


async def test_a_worker_that_drains_says_so(slow_reader):
    worker, figures, reader = slow_reader
    async with httpx.AsyncClient() as other:
        await until_ready(other, worker)
        # Whoever reads nothing holds up the end; connections from before are answered, once.
        worker.running.send_signal(signal.SIGTERM)
        assert await until_ready(other, worker, worker="draining") == 503
        assert (await figures.all())["draining",] == 1
    reader.close()
    assert await asyncio.to_thread(worker.running.wait, 10) == 0


async def test_failed_appends_are_counted(make_site, client, open_socket):
    site = make_site(redis=True, postgres=True)
    worker = site.worker()
    talker = await open_socket(worker)
    await talker.join()
    await asyncio.to_thread(site.postgres.stop)
    await talker.say("c")
    assert (await talker.until("error"))["code"] == "internal"
    await Figures(client, worker).until(append_failures_total=1, entries_appended_total=0)
