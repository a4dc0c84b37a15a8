"""Two workers with one Redis and one database."""

import asyncio
import json
import subprocess
import sys

import httpx
import pytest

from realtime.log.tail_registry import CHECK_SECONDS
from streaming.models import Revision, StreamText
from tests.clients.sse import EventStream
from tests.live.conftest import stored_log
from tests.processes import ROOT


@pytest.fixture(scope="module")
def site(make_shared_site):
    fast = {"CHAT_MESSAGES_PER_SECOND": "10000", "CHAT_BURST": "10000"}
    return make_shared_site(redis=True, **fast)


@pytest.fixture(scope="module")
def workers(site):
    return site.worker("one"), site.worker("two")


@pytest.fixture(autouse=True)
def room(site, own_room):
    return own_room(site)


async def test_every_reader_has_exactly_the_log(site, workers, open_socket, room):
    sockets = [await open_socket(workers[n % 2]) for n in range(10)]
    for socket in sockets:
        await socket.join()

    async def send_messages(socket, name):
        for number in range(20):
            await socket.say(f"{name}-{number}")
            await socket.acknowledged(f"{name}-{number}")

    async with asyncio.timeout(60):
        await asyncio.gather(*(send_messages(socket, name) for name, socket in enumerate(sockets)))
        await asyncio.gather(*(socket.until_head(200) for socket in sockets))
    log = stored_log(site, room)
    assert [seq for seq, _ in log] == list(range(1, 201))
    for socket in sockets:
        assert [(entry["seq"], entry["cid"]) for entry in socket.entries] == log


async def test_a_message_is_notified_to_the_other_worker(workers, open_socket):
    """Much faster than the slow check, which would hide a broken notifier."""
    one, two = await open_socket(workers[0]), await open_socket(workers[1])
    await one.join()
    await two.join()
    delays = []
    for number in range(5):
        started = asyncio.get_running_loop().time()
        await one.say(f"c-{number}")
        await two.until_head(number + 1)
        delays.append(asyncio.get_running_loop().time() - started)
    assert min(delays) < 1.0


async def test_a_worker_without_readers_notifies_the_other_worker(workers, open_socket):
    """Five messages arrive faster than by the slow check."""
    reader, writer = await open_socket(workers[0]), await open_socket(workers[1])
    await reader.join()
    started = asyncio.get_running_loop().time()
    for number in range(1, 6):
        await writer.say(f"c-{number}")
        await reader.until_head(number)
    assert asyncio.get_running_loop().time() - started < 5 * CHECK_SECONDS / 2


async def test_the_same_cid_on_both_workers_at_once_makes_one_entry(
    site, workers, open_socket, room
):
    cookie = await guest_cookie(workers[0])
    tabs = [
        await open_socket(worker, additional_headers={"Cookie": cookie})
        for worker in workers
        for _ in range(2)
    ]
    for number in range(20):
        for tab in tabs:
            tab.acks.clear()
        await asyncio.gather(*(tab.say(f"c-{number}") for tab in tabs))
        acks = [await tab.acknowledged(f"c-{number}") for tab in tabs]
        assert {ack["seq"] for ack in acks} == {number + 1}
        assert [ack["duplicate"] for ack in acks].count(False) == 1
    assert len(stored_log(site, room)) == 20


async def guest_cookie(worker):
    async with httpx.AsyncClient() as client:
        await client.get(f"{worker.url}/chat/lobby/")
        return f"guest={client.cookies['guest']}"


async def test_messages_arrive_after_twelve_idle_seconds(
    workers, open_socket, open_text_socket, room
):
    """redis-py 8 ended a receive after five idle seconds."""
    one, two = await open_socket(workers[0]), await open_socket(workers[1])
    text_socket = await open_text_socket(workers[1], f"/ws/chat/{room}/?name=Mcu")
    await one.join()
    await two.join()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(two.until("events"), 12)
    delays = []
    for number in range(1, 6):
        started = asyncio.get_running_loop().time()
        await one.say(f"after-{number}")
        await two.until_head(number)
        assert (await text_socket.receive()).endswith(": b")
        delays.append(asyncio.get_running_loop().time() - started)
    assert min(delays) < 1.0  # by the notification: the slow check would take longer


async def test_a_reader_resumes_on_the_other_worker(workers, open_socket):
    one, two = await open_socket(workers[0]), await open_socket(workers[1])
    await one.join()
    for number in range(10):
        await one.say(f"c-{number}")
    await one.until_head(4)
    cursor, had = one.cursor, len(one.entries)
    joined = await two.join(cursor=cursor)
    assert (joined["reset"], joined["cursor"]) == (False, cursor)
    await two.until_head(10)
    assert two.seqs == list(range(had + 1, 11))


async def test_a_text_resumes_on_the_other_worker(site, workers):
    async with httpx.AsyncClient() as client:
        stream = EventStream(client, f"{workers[0].url}/api/sse?interval=1")
        await stream.read(until=lambda: len(stream.events) > 50)
        had = len(stream.events)
        site.query(change_text)
        stream.url = f"{workers[1].url}/api/sse?interval=1"
        await stream.read()
    meta = json.loads(stream.events[had][2])
    assert meta["restarted"] is False
    data = [event for event in stream.events if event[1] == "message"]
    assert [int(id.split(":")[1]) for id, _, _ in data] == list(range(1, meta["total"] + 1))
    body = site.query(lambda: Revision.objects.order_by("pk")[0].body)
    assert "".join(text for _, _, text in data) == body


def change_text():
    text = StreamText.objects.get()
    text.body = "x"
    text.save()


async def test_no_message_is_lost_when_redis_restarts(site, workers, open_socket):
    one, two = await open_socket(workers[0]), await open_socket(workers[1])
    await one.join()
    await two.join()
    await one.say("before")
    await two.until_head(1)

    site.redis.stop()
    await one.say("during")
    assert (await one.acknowledged("during"))["seq"] == 2
    async with asyncio.timeout(60):
        await one.until_head(2)  # at once within a worker
        await two.until_head(2)  # by the slow check across workers
    site.redis.start()
    await one.say("after")
    async with asyncio.timeout(60):
        await one.until_head(3)
        await two.until_head(3)
    assert two.seqs == one.seqs == [1, 2, 3]
    assert "Traceback" not in workers[0].log.read_text() + workers[1].log.read_text()


async def test_no_message_is_lost_while_redis_hangs(site, workers, open_socket):
    """A paused Redis neither answers nor refuses, as behind a network that drops packets."""
    one, two = await open_socket(workers[0]), await open_socket(workers[1])
    await one.join()
    await two.join()
    site.redis.pause()
    for number in range(1, 4):
        await one.say(f"c-{number}")
        async with asyncio.timeout(60):
            await two.until_head(number)
    late = await open_socket(workers[1])
    async with asyncio.timeout(60):
        await late.join()
        await late.until_head(3)
    site.redis.resume()
    async with asyncio.timeout(60):
        await wait_until_notified(one, two)
    assert two.seqs == list(range(1, len(two.seqs) + 1))


async def wait_until_notified(one, two):
    """Waits until a message reaches the other worker without the slow check."""
    while True:
        started = asyncio.get_running_loop().time()
        head = one.seqs[-1] if one.seqs else 0
        await one.say(f"ring-{head}")
        await one.until_head(head + 1)
        await two.until_head(head + 1)
        if asyncio.get_running_loop().time() - started < 0.3:
            return


async def test_an_acknowledged_message_survives_kill_9(site, workers, open_socket, room):
    one = await open_socket(workers[0])
    await one.say("c")
    await one.acknowledged("c")
    workers[0].kill()
    assert stored_log(site, room) == [(1, "c")]
    workers[0].start()


@pytest.mark.parametrize(
    ("command", "development"),
    [
        (["-m", "daphne", "-p", "0", "config.asgi:application"], False),
        (["manage.py", "runserver", "127.0.0.1:0"], True),
    ],
)
def test_without_redis_the_second_worker_is_refused(make_site, command, development):
    site = make_site(development=development)
    site.worker("one")
    second = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=site.environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 1
    assert "REDIS_URL is not set" in second.stderr
    assert "Traceback" not in second.stderr
