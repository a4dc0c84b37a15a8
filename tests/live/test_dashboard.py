"""The operators' dashboard of real workers, and its button that closes a room's connections."""

import asyncio
import json

import pytest

from chat.models import Room
from tests.clients.sse import EventStream
from tests.clients.websocket import Closed, open_client

WAIT_SECONDS = 90
FAST = {"CHAT_MESSAGES_PER_SECOND": "100000", "CHAT_BURST": "100000"}


async def log_in(client, worker):
    """Logs in as staff."""
    page = f"{worker.url}/admin/login/"
    await client.get(page)
    fields = {"username": "boss", "password": "b", "next": "/admin/"}
    fields["csrfmiddlewaretoken"] = client.cookies["csrftoken"]
    assert (await client.post(page, data=fields)).status_code == 302


@pytest.mark.parametrize("server", ["config.server", "daphne"])
async def test_the_dashboard_shows_all_workers_on_both_servers(make_site, client, server):
    """Stock Daphne sends no lifespan events at its start."""
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

    async with asyncio.timeout(WAIT_SECONDS):
        await stream.read(until=lambda: len(shown()) == 2)
    assert shown() == {worker.running.pid for worker in (one, two)}


# ---- Closing a room's connections ----------------------------------------------------


class Follower:
    """A client of the JSON socket that reconnects with its cursor whenever it is disconnected."""

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
                    self.record(await client.take())
            except Closed as closed:
                self.codes.append(closed.code)
            finally:
                await client.close()

    def record(self, frame):
        self.cursor = frame.get("cursor", self.cursor)
        self.bodies += [entry["body"] for entry in frame.get("events", [])]


async def test_clients_disconnected_from_a_room_lose_no_message(make_site, client, open_socket):
    site = make_site(redis=True, **FAST)
    workers = [site.worker("one"), site.worker("two")]
    site.make_user("boss", "b", is_staff=True, is_superuser=True)
    room = site.query(lambda: Room.objects.get().pk)
    followers = [Follower(workers[number % 2]) for number in range(8)]
    running = [asyncio.ensure_future(follower.run()) for follower in followers]
    writer = await open_socket(workers[0])  # does not join the room
    await log_in(client, workers[0])
    sent = []
    async with asyncio.timeout(120):
        for number in range(90):
            if number in (30, 60):
                while not all(follower.bodies[-1:] == sent[-1:] for follower in followers):
                    await asyncio.sleep(0.01)
                token = {"X-CSRFToken": client.cookies["csrftoken"]}
                url = f"{workers[0].url}/admin/live/close"
                answer = await client.post(url, data={"room": room}, headers=token)
                assert answer.status_code == 204
            sent.append(f"m-{number}")
            await writer.say(f"c-{number}", sent[-1])
            await writer.acknowledged(f"c-{number}")
        while not all(follower.bodies == sent for follower in followers):
            await asyncio.sleep(0.05)
    assert [follower.codes for follower in followers] == [[1012, 1012]] * 8
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    assert "Traceback" not in workers[0].log.read_text() + workers[1].log.read_text()
