"""A logout or the removal of a member ends connections on every worker at once, long before the
regular checks."""

import asyncio
import re

import httpx
import pytest

from chat.models import Room
from tests.clients.sse import EventStream

AT_ONCE = 20  # seconds, on a busy machine; the checks would take 30 and 60, a long poll 25
RESTART, SESSION_ENDED = 1012, 4401


class Person:
    """A person who has logged in with an HTTP client."""

    def __init__(self, browser):
        self.browser = browser

    @property
    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())

    async def post(self, url, **fields):
        """Sends a form as the page at this URL does."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', await self.page(url))[1]
        answer = await self.browser.post(url, data={"csrfmiddlewaretoken": token, **fields})
        assert answer.status_code == 302, answer.text
        return answer

    async def page(self, url):
        return (await self.browser.get(url)).text


@pytest.fixture
async def log_in():
    """Logs people in on a worker."""
    browsers = []

    async def log_in(worker, name, password):
        browsers.append(httpx.AsyncClient(timeout=30))
        person = Person(browsers[-1])
        await person.post(f"{worker.url}/login/", username=name, password=password)
        return person

    yield log_in
    for browser in browsers:
        await browser.aclose()


@pytest.fixture
def site(make_site):
    site = make_site(redis=True)
    site.alice = site.make_user("alice", "a")
    site.make_user("boss", "b", is_staff=True, is_superuser=True)
    site.backroom = site.query(make_backroom, site.alice)
    return site


def make_backroom(member):
    """Creates a room that is not public; returns its primary key."""
    room = Room.objects.create(slug="backroom", name="Backroom", is_public=False)
    room.members.add(member)
    return room.pk


@pytest.fixture
def workers(site):
    return site.worker("one"), site.worker("two")


class Connections:
    """The connections of a person to the private room on a worker: one of each kind."""

    def __init__(self, worker, person, open_socket, open_text_socket):
        self.worker, self.person = worker, person
        self.open_socket, self.open_text_socket = open_socket, open_text_socket
        self.headers = {"Cookie": person.cookie}
        self.entries = f"{worker.url}/api/rooms/backroom/entries"
        self.listening = asyncio.Event()

    async def __aenter__(self):
        self.client = httpx.AsyncClient(headers=self.headers, timeout=40)
        self.socket = await self.open_socket(self.worker, additional_headers=self.headers)
        self.joined = await self.socket.join("backroom")
        path = "/ws/chat/backroom/"
        self.text_socket = await self.open_text_socket(
            self.worker, path, additional_headers=self.headers
        )
        self.stream = asyncio.create_task(self.listen())
        await self.listening.wait()
        cursor = (await self.client.get(self.entries)).json()["cursor"]
        self.poll = asyncio.create_task(
            self.client.get(self.entries, params={"cursor": cursor, "wait": 25})
        )
        return self

    async def __aexit__(self, *_):
        self.stream.cancel()
        self.poll.cancel()
        await self.client.aclose()

    async def listen(self):
        """Reads the event stream to its end."""
        stream = EventStream(self.client, self.entries.replace("entries", "events"))
        async for _ in stream.pieces():
            self.listening.set()
        return stream.events

    async def next_status(self):
        """The status of the next HTTP request."""
        return (await self.client.get(self.entries)).status_code


@pytest.fixture
def connected(workers, open_socket, open_text_socket):
    def connected(person):
        return Connections(workers[1], person, open_socket, open_text_socket)

    return connected


async def assert_ended(open):
    """All connections end at once, and the next request is refused."""
    async with asyncio.timeout(AT_ONCE):
        assert await open.socket.closed() == SESSION_ENDED
        assert await open.text_socket.closed() == SESSION_ENDED
        assert await open.stream == []
        assert (await open.poll).json()["events"] == []
    assert await open.next_status() == 403


async def test_a_logout_ends_the_connections_on_the_other_worker(workers, log_in, connected):
    person = await log_in(workers[0], "alice", "a")
    other_session = await log_in(workers[0], "alice", "a")
    async with connected(person) as open, connected(other_session) as other_connections:
        await person.browser.post(
            f"{workers[0].url}/logout/",
            headers={"X-CSRFToken": person.browser.cookies["csrftoken"]},
        )
        await assert_ended(open)
        # The connections of another session of the same person stay open.
        await other_connections.socket.send("ping", ts=1)
        await other_connections.socket.until("pong")
        assert not other_connections.stream.done()
        assert not other_connections.poll.done()


async def test_a_member_removed_in_the_admin_is_disconnected_from_the_room(
    site, workers, log_in, connected
):
    boss = await log_in(workers[0], "boss", "b")
    person = await log_in(workers[1], "alice", "a")
    async with connected(person) as open:
        await boss.post(
            f"{workers[0].url}/admin/chat/room/{site.backroom}/change/",
            name="Backroom",
            slug="backroom",
        )
        async with asyncio.timeout(AT_ONCE):
            error = await open.socket.until("error")
            assert (error["code"], error["room"]) == ("forbidden", "backroom")
            assert await open.text_socket.closed() == 4403
            assert await open.stream == []
            assert (await open.poll).json()["events"] == []
        assert await open.next_status() == 403
        # The socket stays open for other rooms.
        await open.socket.join()


CHANGES = {
    "made inactive": "alice.is_active = False; alice.save()",
    "deleted": "alice.delete()",
    "a new password": "alice.set_password('new'); alice.save()",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_change_from_a_shell_ends_the_connections_of_a_user(
    site, workers, log_in, connected, change
):
    person = await log_in(workers[0], "alice", "a")
    async with connected(person) as open:
        find = "from django.contrib.auth.models import User; alice = User.objects.get(pk="
        await asyncio.to_thread(site.shell, f"{find}{site.alice}); {change}")
        await assert_ended(open)


async def test_all_connections_to_a_room_are_closed_and_can_reconnect(
    site, workers, log_in, connected, open_socket
):
    person = await log_in(workers[0], "alice", "a")
    bystander = await open_socket(workers[1])
    await bystander.join()
    async with connected(person) as open:
        close = (
            "from realtime.revocation import room_subject;"
            "from realtime.revoke import revoke_on_commit;"
            f"revoke_on_commit(room_subject({site.backroom}))"
        )
        await asyncio.to_thread(site.shell, close)
        async with asyncio.timeout(AT_ONCE):
            bye = await open.socket.until("bye")
            assert bye["reason"] == "restart"
            assert 0 <= bye["retry_after_ms"] < 2_000
            assert await open.socket.closed() == RESTART
            assert (await open.text_socket.receive()).startswith("! ")
            assert await open.text_socket.closed() == RESTART
            assert await open.stream == []
            assert (await open.poll).json()["events"] == []
        assert await open.next_status() == 200
        async with connected(person):
            pass
    await bystander.send("ping", ts=1)
    await bystander.until("pong")


MANY = """
import io, logging
from django.contrib.auth import get_user_model
said = io.StringIO()
logging.getLogger("realtime.bus").addHandler(logging.StreamHandler(said))
for number in range(10):
    get_user_model().objects.create_user(f"user-{number}").save()
print(said.getvalue().count("Workers not notified"))
"""


async def test_a_command_that_changes_many_users_does_not_wait_for_redis_each_time(site):
    site.redis.pause()
    attempts = int(await asyncio.to_thread(site.shell, MANY))
    site.redis.resume()
    assert 1 <= attempts < 5


async def test_a_logout_without_redis_is_not_slower(site, workers, log_in, open_socket):
    """The worker of the logout does not need Redis to end connections."""
    person = await log_in(workers[0], "alice", "a")
    headers = {"Cookie": person.cookie}
    here = await open_socket(workers[0], additional_headers=headers)
    await here.join("backroom")
    site.redis.pause()
    async with asyncio.timeout(AT_ONCE):
        await person.browser.post(
            f"{workers[0].url}/logout/",
            headers={"X-CSRFToken": person.browser.cookies["csrftoken"]},
        )
        assert await here.closed() == SESSION_ENDED
    site.redis.resume()
