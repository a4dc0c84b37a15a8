"""Presence, typing and read receipts over two workers and a Redis."""

import asyncio

import httpx
import pytest

LEAVE_SECONDS = 30
SYNC_SECONDS = 90  # workers send presence twice a second; the machine may be busy


@pytest.fixture
def site(make_site):
    return make_site(redis=True)


@pytest.fixture
def workers(site):
    return site.worker("one"), site.worker("two")


@pytest.fixture
def enter(open_socket):
    """Opens a socket that has joined the lobby, for the person with the cookie from `person`."""

    async def enter(worker, cookie=None, name=""):
        headers = {"Cookie": cookie} if cookie else {}
        socket = await open_socket(worker, f"/ws/chat/?name={name}", additional_headers=headers)
        socket.welcome = await socket.until("welcome")
        socket.joined = await socket.join()
        return socket

    return enter


async def person(worker):
    """The cookie of a new guest."""
    async with httpx.AsyncClient() as client:
        await client.get(f"{worker.url}/chat/lobby/")
        return f"guest={client.cookies['guest']}"


async def until_online(socket, *names):
    while {member["name"] for member in (await socket.until("presence"))["online"]} != set(names):
        pass


async def test_a_person_with_tabs_on_two_workers_is_shown_once(workers, enter):
    one, two = workers
    ann = await person(one)
    tabs = [await enter(one, ann), await enter(two, ann), await enter(two, ann)]
    me = tabs[0].welcome["member"]
    bob = await enter(two, name="Bob")
    async with asyncio.timeout(SYNC_SECONDS):
        await until_online(tabs[0], me["name"], "Bob")
        for tab in tabs[:2]:
            await tab.close()
        cyd = await enter(one, name="Cyd")
        await until_online(bob, me["name"], "Bob", "Cyd")
        await tabs[2].close()
        await until_online(cyd, "Bob", "Cyd")


async def test_the_people_of_a_killed_worker_disappear_within_thirty_seconds(workers, enter):
    one, two = workers
    bob = await enter(two, name="Bob")
    await enter(one, name="Ann")
    async with asyncio.timeout(SYNC_SECONDS):
        await until_online(bob, "Ann", "Bob")
    one.kill()
    async with asyncio.timeout(LEAVE_SECONDS):
        await until_online(bob, "Bob")


async def test_a_new_worker_knows_who_is_online(workers, site, enter):
    await enter(workers[0], name="Ann")
    bob = await enter(site.worker("three"), name="Bob")
    names = {member["name"] for member in bob.joined["online"]}
    if names != {"Ann", "Bob"}:
        async with asyncio.timeout(SYNC_SECONDS):
            await until_online(bob, "Ann", "Bob")


async def test_presence_is_correct_after_a_restart_of_redis(workers, site, enter):
    one, two = workers
    ann, bob = await enter(one, name="Ann"), await enter(two, name="Bob")
    async with asyncio.timeout(SYNC_SECONDS):
        await until_online(ann, "Ann", "Bob")
    site.redis.stop()
    cyd = await enter(one, name="Cyd")
    async with asyncio.timeout(SYNC_SECONDS):
        await until_online(ann, "Ann", "Bob", "Cyd")
    site.redis.start()
    async with asyncio.timeout(SYNC_SECONDS):
        await until_online(bob, "Ann", "Bob", "Cyd")
        await ann.close()
        await until_online(bob, "Bob", "Cyd")
    assert cyd.welcome["member"]["name"] == "Cyd"


async def test_a_name_of_a_person_on_another_worker_is_taken(workers, enter):
    one, two = workers
    await enter(one, name="Ann")
    bob = await enter(two, name="Bob")
    async with asyncio.timeout(SYNC_SECONDS):
        await until_online(bob, "Ann", "Bob")
    impostor = await enter(two, name="ann")
    assert impostor.welcome["member"]["name"].startswith("guest-")
    async with httpx.AsyncClient() as client:
        await client.get(f"{two.url}/chat/lobby/")
        token = {"X-CSRFToken": client.cookies["csrftoken"]}
        answer = await client.post(f"{two.url}/api/me", data={"name": "Ann"}, headers=token)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_name")


async def test_typing_reaches_the_other_worker(workers, enter):
    one, two = workers
    ann, bob = await enter(one, name="Ann"), await enter(two, name="Bob")
    async with asyncio.timeout(SYNC_SECONDS):
        await until_online(ann, "Ann", "Bob")
        await ann.send("typing", room="lobby")
        assert (await bob.until("typing"))["member"] == ann.welcome["member"]


async def test_read_receipts_reach_the_other_worker(workers, enter):
    one, two = workers
    cookie = await person(one)
    tabs = await enter(one, cookie), await enter(two, cookie)
    bob = await enter(two, name="Bob")
    async with asyncio.timeout(SYNC_SECONDS):
        await until_online(tabs[0], tabs[0].welcome["member"]["name"], "Bob")
        for number in range(3):
            await bob.say(f"c-{number}")
        await tabs[0].until_head(3)
        await tabs[0].send("read", room="lobby", seq=2)
        receipt = await tabs[1].until("read")
        assert (receipt["seq"], receipt["unread"]) == (2, 1)
        await tabs[1].send("read", room="lobby", seq=3)
        receipt = await tabs[0].until("read")
        assert (receipt["seq"], receipt["unread"]) == (3, 0)
    assert (await enter(one, cookie)).joined["read"] == 3
