"""Several sites use one Redis server: nothing of one reaches another."""

import asyncio

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from realtime import bus as module
from realtime.bus import Bus, ExternalPublisher
from realtime.tasks import Tasks
from tests.processes import Redis


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    """A Redis server."""
    started = Redis(tmp_path_factory.mktemp("redis"))
    yield started.start()
    started.close()


@pytest.fixture
async def layer(redis, monkeypatch):
    """The channel layer of all buses."""
    made = RedisPubSubChannelLayer(hosts=[redis.url])
    monkeypatch.setattr(module, "get_channel_layer", lambda name: made)
    yield made
    await made.flush()


@pytest.fixture
async def make_worker(layer):
    """Creates workers, and ends their tasks."""
    made = []

    def make(site):
        made.append(Worker(site))
        return made[-1]

    yield make
    for worker in made:
        await worker.tasks.stop(0)


class Worker:
    """A bus that follows one room, and what it received."""

    def __init__(self, site):
        self.site = site
        self.tasks = Tasks()
        self.bus = Bus(self.tasks, alone=False, find_prefix=self.find_prefix)
        self.received, self.subscriptions = asyncio.Queue(), asyncio.Queue()
        self.bus.on("note", lambda message: self.received.put_nowait(message["text"]))
        self.bus.subscribe("room.1", lambda: self.subscriptions.put_nowait("room.1"))

    async def find_prefix(self):
        if not self.site:
            raise ConnectionError
        return self.site

    def send(self, text):
        self.bus.send("room.1", "note", text=text)


async def soon(queue):
    return await asyncio.wait_for(queue.get(), 60)


async def test_a_message_reaches_the_workers_of_its_own_site_only(make_worker):
    sites = {name: [make_worker(name), make_worker(name)] for name in ("production", "staging")}
    for workers in sites.values():
        for worker in workers:
            await soon(worker.subscriptions)
    # Of each pair, the second worker receives. Staging is first: a message that crosses would
    # arrive in production before its own.
    for name in ("staging", "production"):
        sites[name][0].send(f"of {name}")
        assert await soon(sites[name][1].received) == f"of {name}"
    assert all(worker.received.empty() for workers in sites.values() for worker in workers)


async def test_another_process_reaches_the_workers_of_its_own_site_only(make_worker):
    production, staging = make_worker("production"), make_worker("staging")
    for worker in (production, staging):
        await soon(worker.subscriptions)
    for worker in (staging, production):
        await ExternalPublisher(worker.find_prefix).send("room.1", "note", text=worker.site)
        assert await soon(worker.received) == worker.site
    assert staging.received.empty()


async def test_workers_reach_each_other_after_the_prefix_of_the_site_has_changed(
    make_worker, monkeypatch
):
    """The database server was restarted, and then one of the workers."""
    monkeypatch.setattr(module, "PREFIX_SECONDS", 0.05)
    old = make_worker("before")
    await soon(old.subscriptions)
    new = make_worker("after")
    await soon(new.subscriptions)
    old.site = "after"
    await soon(old.subscriptions)
    for sender, receiver in ((old, new), (new, old)):
        sender.send("hello")
        assert await soon(receiver.received) == "hello"


async def test_a_prefix_that_is_unknown_for_a_moment_does_not_change_the_names(
    make_worker, monkeypatch
):
    monkeypatch.setattr(module, "PREFIX_SECONDS", 0.05)
    one, two = make_worker("site"), make_worker("site")
    for worker in (one, two):
        await soon(worker.subscriptions)
    asked = asyncio.Event()

    async def fail():
        asked.set()
        raise ConnectionError

    two.bus.find_prefix = fail
    await asyncio.wait_for(asked.wait(), 60)
    one.send("hello")
    assert await soon(two.received) == "hello"


async def test_a_bus_waits_for_its_prefix(make_worker, monkeypatch, caplog):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    waiting, ready = make_worker(None), make_worker("site")
    await soon(ready.subscriptions)
    waiting.send("early")
    async with asyncio.timeout(60):
        while "Bus waits for the database: ConnectionError" not in caplog.text:
            await asyncio.sleep(0)
    waiting.site = "site"
    assert await soon(ready.received) == "early"
