"""Health checks and metrics of real workers."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.hostile.raw import open_without_reading

WAIT_SECONDS = 90
ALL_READY_WITHOUT_REDIS = {"worker": "ready", "database": "ready", "disk": "ready"}
ALL_READY = ALL_READY_WITHOUT_REDIS | {"redis": "ready"}
FAST = {"CHAT_MESSAGES_PER_SECOND": "100000", "CHAT_BURST": "100000"}


class Metrics:
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
        """Waits until metrics have values, as in `sockets__json=2`."""
        names = {tuple(name.split("__")): value for name, value in wanted.items()}
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                found = await self.all()
                if all(found[name] == value for name, value in names.items()):
                    return found
                await asyncio.sleep(0.05)  # there is no event for a changed metric


async def until_ready(client, target, **states):
    """Waits until /readyz has these values, and returns its HTTP status."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            answer = await client.get(f"{target.url}/readyz")
            if answer.json() == ALL_READY | states:
                return answer.status_code


# ---- Health checks --------------------------------------------------------------------------


async def test_health_checks_are_answered_for_any_host(make_site, client):
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


@pytest.mark.timeout(240)  # on a busy machine PostgreSQL needs half of this time to start
async def test_a_database_that_hangs_blocks_one_thread_and_not_the_worker(make_site, client):
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
    worker.running.send_signal(signal.SIGTERM)  # the exit does not wait for that thread either
    assert await asyncio.to_thread(worker.running.wait, WAIT_SECONDS) == 0
    site.postgres.resume()


async def test_a_site_without_redis_has_no_check_of_redis(make_site, client):
    site = make_site(development=True)
    worker = site.worker()
    answer = await client.get(f"{worker.url}/readyz")
    assert (answer.status_code, answer.json()) == (200, ALL_READY_WITHOUT_REDIS)
    assert "twinstream_redis_up" not in (await client.get(f"{worker.url}/metrics")).text


# ---- Metrics -------------------------------------------------------------------------


async def test_metrics_follow_what_happens(make_site, client, open_socket, open_text_socket):
    site = make_site(redis=True, **FAST)
    one, two = site.worker("one"), site.worker("two")
    here, there = Metrics(client, one), Metrics(client, two)
    ann, bob = await open_socket(one), await open_socket(two)
    await ann.join()
    joined = await bob.join()
    await open_text_socket(one, "/ws/chat/lobby/?name=Mcu")
    async with client.stream("GET", f"{one.url}/api/rooms/lobby/events"):
        await here.until(
            sockets__json=1, sockets__plain=1, streams__room=1, readers__stream=1, rooms=1
        )
        for number in range(5):
            await ann.say(f"c-{number}")
        await bob.until_head(5)
        values = await here.until(entries_appended_total=5, deliveries_total=15)
    assert values["append_seconds_count",] == 5
    assert 1 <= values["append_batch_count",] <= 5
    assert values["append_batch_sum",] == 5
    assert values["delivery_seconds_bucket", "+Inf"] == values["delivery_seconds_count",] >= 3
    await here.until(streams__room=0, readers__stream=0)
    await there.until(entries_appended_total=0, deliveries_total=5, resumes_total__json=0)

    await bob.join(cursor=joined["cursor"])
    await there.until(resumes_total__json=1, resets_total__json=0)
    await bob.join(cursor="else:1")
    await there.until(resumes_total__json=2, resets_total__json=1)


async def test_metrics_show_that_redis_is_away_and_that_gaps_are_filled(
    make_site, client, open_socket
):
    site = make_site(redis=True)
    one, two = site.worker("one"), site.worker("two")
    here, there = Metrics(client, one), Metrics(client, two)
    ann, bob = await open_socket(one), await open_socket(two)
    await ann.join()
    await bob.join()
    assert (await there.until(redis_up=1))["gaps_total",] == 0
    await asyncio.to_thread(site.redis.stop)
    await ann.say("without-redis")
    await bob.until_head(1)
    await there.until(gaps_total=1)
    await here.until(redis_up=0)
    await there.until(redis_up=0)
    await asyncio.to_thread(site.redis.start)
    await here.until(redis_up=1)
    await there.until(redis_up=1)


async def send_until_slow(writer, metrics):
    """Sends messages until the reader that does not read is counted as slow."""
    number = 0
    while (await metrics.all())["slow_readers",] == 0:
        await writer.say(f"c-{number}", "你" * 3_990)
        await writer.acknowledged(f"c-{number}")
        number += 1


@pytest.fixture
async def slow_reader(make_site, client, open_socket):
    """A worker, its metrics, and a reader that does not read any more."""
    worker = make_site(redis=True, **FAST).worker()
    metrics = Metrics(client, worker)
    writer = await open_socket(worker, max_queue=None, ping_interval=None)
    await metrics.until(slow_readers=0, draining=0)
    with open_without_reading(worker, "/api/rooms/lobby/events") as reader:
        await metrics.until(streams__room=1)
        await send_until_slow(writer, metrics)
        yield worker, metrics, reader


async def test_a_slow_reader_is_counted_until_it_disconnects(slow_reader):
    _, metrics, reader = slow_reader
    reader.close()
    await metrics.until(slow_readers=0, streams__room=0)


async def test_a_draining_worker_reports_it(slow_reader):
    worker, metrics, reader = slow_reader
    async with httpx.AsyncClient() as other:
        await until_ready(other, worker)
        # The stuck reader delays the exit. A connection from before is answered once more.
        worker.running.send_signal(signal.SIGTERM)
        assert await until_ready(other, worker, worker="draining") == 503
        assert (await metrics.all())["draining",] == 1
    reader.close()
    assert await asyncio.to_thread(worker.running.wait, 10) == 0


async def test_failed_appends_are_counted(make_site, client, open_socket):
    site = make_site(redis=True, postgres=True)
    worker = site.worker()
    writer = await open_socket(worker)
    await writer.join()
    await asyncio.to_thread(site.postgres.stop)
    await writer.say("c")
    assert (await writer.until("error"))["code"] == "internal"
    metrics = Metrics(client, worker)
    values = await metrics.until(append_failures_total=1, entries_appended_total=0)
    # 57: the server stopped. 08: it does not accept the new connection.
    assert values.get(("database_errors_total", "57"), 0) + values["database_errors_total", "08"]
