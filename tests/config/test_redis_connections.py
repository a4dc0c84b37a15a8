"""Messages between two workers, over Redis as operators run it."""

import asyncio
import errno
from itertools import count

import pytest
import redis
from channels_redis.pubsub import RedisPubSubChannelLayer

from config import redis_connections, redis_urls
from realtime import bus as module
from realtime.bus import WORKERS, Bus, ShardedBus, no_other_site
from realtime.tasks import Tasks
from tests import redis_servers
from tests.processes import Redis
from tests.redis_servers import (
    LEAST_RIGHTS,
    SENTINEL_RIGHTS,
    Cluster,
    WatchedMaster,
    certificates,
    tls_options,
    until,
    user,
)

SECONDS = 60  # on a busy machine
GROUP = "room.7"
# Before the name of a group in Redis. `site` is the prefix of a site that is alone.
PREFIX = "asgi__group__site."


class Worker:
    """A bus of its own connections, and the numbers that it received."""

    def __init__(self, url, layers):
        servers = redis_urls.parse(url)
        self.layers = [RedisPubSubChannelLayer(hosts=[server.host]) for server in servers]
        self.tasks = Tasks()
        if len(servers) == 1:
            self.bus = Bus(self.tasks, alone=False, layer=f"{id(self)}")
            layers[self.bus.layer] = self.layers[0]
        else:
            names = [f"{id(self)} {server.name}" for server in servers]
            layers.update(zip(names, self.layers, strict=True))
            self.bus = ShardedBus(self.tasks, alone=False, find_prefix=no_other_site, layers=names)
        self.received, self.subscribed = asyncio.Queue(), asyncio.Event()
        self.bus.on("note", lambda message: self.received.put_nowait(message["number"]))

    async def subscribe(self, group=GROUP):
        self.bus.subscribe(group, self.subscribed.set)
        async with asyncio.timeout(SECONDS):
            await self.subscribed.wait()

    async def close(self):
        await self.tasks.stop(0)
        await self.bus.close()


@pytest.fixture
async def start(monkeypatch):
    """Starts workers at a REDIS_URL."""
    layers, workers = {}, []
    monkeypatch.setattr(module, "get_channel_layer", layers.get)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.1)

    def start(url):
        workers.append(Worker(url, layers))
        return workers[-1]

    yield start
    for worker in workers:
        await worker.close()


@pytest.fixture
def quick(monkeypatch):
    """Shortens the time after which a silent connection is given up."""
    monkeypatch.setattr(redis_connections, "PING_SECONDS", 1)
    monkeypatch.setattr(redis_connections, "ANSWER_SECONDS", 2)
    monkeypatch.setattr(
        redis_connections, "TIMEOUTS", {"socket_connect_timeout": 2, "socket_timeout": 2}
    )


@pytest.fixture
def run(tmp_path):
    """Starts a redis-server with options."""
    started = []

    def run(*options):
        started.append(Redis(tmp_path, *options).start())
        return started[-1]

    yield run
    for server in started:
        server.close()


numbers = count()


async def send_until_received(sender, receiver, group=GROUP):
    """Sends numbers until the receiver has one of them. AssertionError if none arrives."""
    sent = []
    async with asyncio.timeout(SECONDS):
        while True:
            sent.append(next(numbers))
            sender.bus.send(group, "note", number=sent[-1])
            try:
                async with asyncio.timeout(0.3):
                    while await receiver.received.get() not in sent:
                        pass
                    return
            except TimeoutError:
                continue


async def pair(start, url):
    """Two workers, of which the second has subscribed and received a message of the first."""
    sender, receiver = start(url), start(url)
    await receiver.subscribe()
    await send_until_received(sender, receiver)
    return sender, receiver


def connection_of(worker):
    """The connection on which a worker waits for messages."""
    return worker.layers[0]._get_layer()._shards[0]._pubsub.connection


# ---- One server ----------------------------------------------------------------------


async def test_a_connection_that_the_kernel_gave_up_does_not_block_the_worker(
    start, run, monkeypatch
):
    """redis-py reads ETIMEDOUT as "no message", and its caller asks again without a pause until
    the next PING."""
    monkeypatch.setattr(redis_connections, "PING_SECONDS", 40)
    sender, receiver = await pair(start, run().url)
    dead = TimeoutError(errno.ETIMEDOUT, "Connection timed out")
    started = asyncio.get_running_loop().time()
    connection_of(receiver)._writer.transport._fatal_error(dead)
    await send_until_received(sender, receiver)
    assert asyncio.get_running_loop().time() - started < 30


async def test_a_restart_of_redis_is_survived_without_a_lost_message_of_an_idle_sender(start, run):
    server = run()
    sender, receiver = await pair(start, server.url)
    server.kill()
    server.start()
    with redis.Redis.from_url(server.url) as client:
        await asyncio.to_thread(until, lambda: client.pubsub_channels("*room.7"))
    sender.bus.send(GROUP, "note", number=-1)
    async with asyncio.timeout(SECONDS):
        while await receiver.received.get() != -1:
            pass
    assert not sender.bus.is_away()


async def test_a_user_with_the_least_rights_is_enough_and_is_never_refused(start, run):
    server = run(*user(f"site on >pw {LEAST_RIGHTS}"))
    await pair(start, server.url.replace("//", "//site:pw@") + "?db=5")
    with redis.Redis.from_url(server.url) as admin:
        assert admin.acl_log() == []
    login = {"username": "site", "password": "pw"}
    client = redis.Redis.from_url(server.url, **login)
    with client, pytest.raises(redis.exceptions.NoPermissionError):
        client.set("key", "value")


async def test_a_full_redis_still_passes_messages_on(start, run):
    server = run("--maxmemory", "1", "--maxmemory-policy", "noeviction")
    with redis.Redis.from_url(server.url) as client, pytest.raises(redis.exceptions.RedisError):
        client.set("key", "value")
    await pair(start, server.url)


@pytest.mark.parametrize("login", [":wrong@", ""])
async def test_a_refused_login_is_one_line_without_the_password(start, run, caplog, login):
    server = run(*user("default on >pw +@all &*"))
    worker = start(server.url.replace("//", f"//{login}"))
    worker.bus.subscribe(GROUP, lambda: None)
    with redis.Redis.from_url(server.url, password="pw") as client:
        async with asyncio.timeout(SECONDS):
            while client.info("stats")["total_connections_received"] < 20:  # attempts
                worker.bus.send(GROUP, "note", number=0)
                await asyncio.sleep(0.05)
    (line,) = [record for record in caplog.records if record.levelname != "DEBUG"]
    assert line.getMessage().startswith("Channel layer unreachable (AuthenticationError")
    assert "wrong" not in caplog.text


async def test_a_user_without_the_right_to_subscribe_is_logged_once(
    start, run, caplog, monkeypatch
):
    monkeypatch.setattr(redis_connections, "refusals", [])
    server = run(*user("default on nopass -@all +ping +publish &*"))
    worker = start(server.url)
    for number in range(3):
        worker.bus.subscribe(f"room.{number}", lambda: None)
        async with asyncio.timeout(SECONDS):
            while "Redis refuses subscriptions (NoPermissionError)" not in caplog.text:
                await asyncio.sleep(0.05)
    assert caplog.text.count("Redis refuses subscriptions") == 1


# ---- TLS -----------------------------------------------------------------------------


@pytest.fixture
def tls(tmp_path, run):
    """The address of a Redis with TLS whose certificate is of an authority of our own."""
    certificates(tmp_path)
    port = redis_servers.free_port()
    run(*tls_options(tmp_path, port))
    return f"rediss://localhost:{port}/0"


async def test_tls_works_with_the_authority_of_the_certificate(start, tls, tmp_path):
    await pair(start, f"{tls}?ssl_ca_certs={tmp_path}/ca.pem")


@pytest.mark.parametrize("url", ["{tls}", "{other}?ssl_ca_certs={folder}/ca.pem"])
async def test_tls_refuses_an_unknown_authority_and_a_wrong_name(start, tls, tmp_path, url):
    other = tls.replace("localhost", "127.0.0.2")  # not in the certificate
    worker = start(url.format(tls=tls, other=other, folder=tmp_path))
    worker.bus.send(GROUP, "note", number=0)
    async with asyncio.timeout(SECONDS):
        while not worker.bus.is_away():
            await asyncio.sleep(0.05)


# ---- Sentinel ------------------------------------------------------------------------


@pytest.fixture
def watched(tmp_path):
    """Makes a master with a replica and one Sentinel, all with users of few rights."""
    made = []

    def make():
        users = user(f"site on >pw {LEAST_RIGHTS}")
        asking = (f"user site on >sentinel-pw {SENTINEL_RIGHTS}",)
        made.append(WatchedMaster(tmp_path, 1, *users, sentinel=asking))
        return made[-1]

    yield make
    for each in made:
        each.close()


async def test_messages_go_on_when_the_master_hangs_and_when_it_is_back(start, watched, quick):
    """A worker that waits at the old master would never receive anything again."""
    servers = watched()
    await asyncio.to_thread(servers.wait_until_watched)
    login = "?sentinel_username=site&sentinel_password=sentinel-pw"
    sender, receiver = await pair(start, servers.url("site:pw@", login))
    servers.master.pause()
    # Until the replica is the master.
    with redis.Redis.from_url(servers.replica.url, decode_responses=True) as client:
        await asyncio.to_thread(until, lambda: client.role()[0] == "master")
        await send_until_received(sender, receiver)
        servers.master.resume()
        with redis.Redis.from_url(servers.master.url, decode_responses=True) as old:
            await asyncio.to_thread(until, lambda: old.role()[0] == "slave")
        await send_until_received(sender, receiver)
        assert client.pubsub_numsub(PREFIX + GROUP)[0][1] == 1


# ---- A cluster -----------------------------------------------------------------------


async def test_a_cluster_carries_messages_between_nodes_and_survives_one(start, tmp_path, quick):
    cluster = Cluster(tmp_path, 3)
    try:
        one, two = (f"redis+cluster://127.0.0.1:{node.port}" for node in cluster.nodes[:2])
        sender, receiver = start(one), start(two)
        await receiver.subscribe()
        await send_until_received(sender, receiver)
        sender, receiver = await pair(start, cluster.url)
        for broken in (cluster.nodes[0].pause, cluster.nodes[1].kill):
            broken()
            await send_until_received(sender, receiver)
    finally:
        cluster.close()


# ---- Several servers -----------------------------------------------------------------


async def test_a_server_that_hangs_delays_only_its_own_groups(start, run):
    servers = [run(), run()]
    url = ",".join(server.url for server in servers)
    sender, receiver = start(url), start(url)
    groups = [f"room.{number}" for number in range(8)]
    for group in groups:
        receiver.bus.subscribe(group, receiver.subscribed.set)
    await receiver.subscribe(WORKERS)
    for group in [*groups, WORKERS]:
        await send_until_received(sender, receiver, group)
    with redis.Redis.from_url(servers[0].url, decode_responses=True) as client:
        first = {name.removeprefix(PREFIX) for name in client.pubsub_channels("*room*")}
    assert 0 < len(first) < len(groups)
    servers[0].pause()
    # Each message to the server that hangs waits for its time-out.
    for group in sorted(first) * 20:
        sender.bus.send(group, "note", number=-1)
    time = asyncio.get_running_loop().time
    started = time()
    for group in [group for group in groups if group not in first] * 3:
        await send_until_received(sender, receiver, group)
    assert time() - started < redis_connections.TIMEOUTS["socket_timeout"]
    await send_until_received(sender, receiver, WORKERS)
