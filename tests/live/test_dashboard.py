"""The live page of real workers, and what staff does there: close a room's connections."""

import asyncio
import json

import pytest

from chat.models import Room
from tests.clients.sse import EventStream
from tests.clients.websocket import Closed, open_client

pytestmark = pytest.mark.apart

PATIENCE_SECONDS = 90
FAST = {"CHAT_MESSAGES_PER_SECOND": "100000", "CHAT_BURST": "100000"}


async def log_in(client, worker):
    """Logs in as staff."""
    page = f"{worker.url}/admin/login/"
    await client.get(page)
    fields = {"username": "boss", "password": "b", "next": "/admin/"}
    fields["csrfmiddlewaretoken"] = client.cookies["csrftoken"]
    assert (await client.post(page, data=fields)).status_code == 302


@pytest.mark.parametrize("server", ["config.server", "daphne"])
async def test_the_live_page_shows_a_worker_whoever_looks_at_it(make_site, client, server):
    """Plain Daphne does not tell an application that it has begun."""
    site = make_site(redis=True, server=server)
    site.make_user("boss", "b", is_staff=True, is_superuser=True)
    one, two = site.worker("one"), site.worker("two")
    await log_in(client, one)
    stream = EventStream(client, f"{one.url}/admin/live/events")

    def shown():
        """The process ids of the workers that the page shows."""
        overviews = stream.data("overview")
        workers = json.loads(overviews[-1])["workers"] if overviews else []
        return {worker["pid"] for worker in workers}

    async with asyncio.timeout(PATIENCE_SECONDS):
        await stream.read(until=lambda: len(shown()) == 2)
    assert shown() == {worker.running.pid for worker in (one, two)}


# ---- Closing a room's connections ----------------------------------------------------


class Follower:
    """A client of the JSON socket that comes back with its cursor as often as it is sent away."""

    def __init__(self, worker):
        self.worker = worker
        self.cursor = None
        self.bodies = []
        self.codes = []

    async def run(self):
        while True:
            client = await open_client(self.worker.ws, ping_interval=None)
            fields = {"cursor": self.cursor} if self.cursor else {}
            await client.send("join", room="lobby", **fields)
            try:
                while True:
                    self.take(await client.take())
            except Closed as closed:
                self.codes.append(closed.code)
            finally:
                await client.close()

    def take(self, frame):
        self.cursor = frame.get("cursor", self.cursor)
        self.bodies += [entry["body"] for entry in frame.get("events", [])]


async def test_who_is_sent_away_from_a_room_loses_nothing(make_site, client, open_socket):
    site = make_site(redis=True, **FAST)
    workers = [site.worker("one"), site.worker("two")]
    site.make_user("boss", "b", is_staff=True, is_superuser=True)
    room = site.query(lambda: Room.objects.get().pk)
    followers = [Follower(workers[number % 2]) for number in range(8)]
    running = [asyncio.ensure_future(follower.run()) for follower in followers]
    talker = await open_socket(workers[0])  # is not in the room itself
    await log_in(client, workers[0])
    said = []
    async with asyncio.timeout(120):
        for number in range(90):
            if number in (30, 60):
                while not all(follower.bodies[-1:] == said[-1:] for follower in followers):
                    await asyncio.sleep(0.01)
                token = {"X-CSRFToken": client.cookies["csrftoken"]}
                url = f"{workers[0].url}/admin/live/close"
                answer = await client.post(url, data={"room": room}, headers=token)
                assert answer.status_code == 204
            said.append(f"m-{number}")
            await talker.say(f"c-{number}", said[-1])
            await talker.acknowledged(f"c-{number}")
        while not all(follower.bodies == said for follower in followers):
            await asyncio.sleep(0.05)
    assert [follower.codes for follower in followers] == [[1012, 1012]] * 8
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    assert "Traceback" not in workers[0].log.read_text() + workers[1].log.read_text()
