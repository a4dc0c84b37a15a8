"""The logs of a worker never contain messages or passwords, whatever fails."""

import asyncio
import json
import re

import httpx
import psycopg
import pytest

WORD = "kumquat"
XSS = f"<img src=x onerror=alert('{WORD}')>"


@pytest.fixture
def site(make_site):
    # The errors of PostgreSQL contain the values that it was given.
    site = make_site(redis=True, postgres=True, CHAT_BURST="100")
    site.make_user("boss", "b", is_staff=True, is_superuser=True)
    return site


@pytest.fixture
def worker(site):
    return site.worker()


async def send_on_sockets(worker, open_socket, open_text_socket):
    client = await open_socket(worker)
    await client.join()
    for cid, body in {"a": WORD, "b": XSS}.items():
        await client.say(cid, body)
        await client.acknowledged(cid)
    await client.send("edit", room="lobby", cid="c", ref=1, body=f"{WORD} again")
    await client.acknowledged("c")
    for frame in [
        {"type": "say", "room": "lobby", "cid": "b", "body": f"another {WORD}"},
        {"type": "say", "room": "lobby", "cid": "d", "body": WORD * 1_000},
        {"type": "say", "room": "lobby", "cid": "e", "body": f"{WORD}\0"},
        {"type": "say", "room": WORD, "cid": "f", "body": WORD},
        {"type": "say", "body": WORD},
        {"type": WORD},
    ]:
        await client.send_text(json.dumps(frame))
        await client.until("error")
    for text in ["{" + WORD, rf'{{"type":"say","room":"lobby","cid":"g","body":"{WORD}\ud800"}}']:
        await client.send_text(text)
        await client.until("error")
    await client.send_text(WORD.encode())
    assert await client.closed() == 4400
    text_socket = await open_text_socket(worker)
    await text_socket.send_text(f"{WORD} in a line")
    assert WORD in await text_socket.receive()
    flood = await open_socket(worker)
    for _ in range(2_000):
        await flood.send_text(WORD)
    assert await flood.closed() == 4429


async def send_over_http(worker):
    async with httpx.AsyncClient(timeout=30) as client:
        await client.get(f"{worker.url}/chat/lobby/")
        url = f"{worker.url}/api/rooms/lobby/entries"
        token = {"X-CSRFToken": client.cookies["csrftoken"]}
        command = {"type": "say", "cid": "p", "body": WORD}
        statuses = [
            (await client.post(url, json=command, headers=token)).status_code,
            (await client.post(url, json=command)).status_code,
            (await client.post(url, content=WORD, headers=token)).status_code,
            (await client.post(url, content=WORD * 10_000, headers=token)).status_code,
            (await client.post(url, json={"type": WORD}, headers=token)).status_code,
        ]
        assert statuses == [200, 403, 400, 413, 400]


async def edit_in_the_admin(worker):
    async with httpx.AsyncClient(timeout=30) as client:
        for password in (WORD, "b"):
            page = (await client.get(f"{worker.url}/login/")).text
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
            form = {"username": "boss", "password": password, "csrfmiddlewaretoken": token}
            answer = await client.post(f"{worker.url}/login/", data=form)
        assert answer.status_code == 302
        change = f"{worker.url}/admin/chat/entry/1/change/"
        token = re.search(r'value="(\w+)"', (await client.get(change)).text)[1]
        form = {"body": f"{WORD} by a moderator", "csrfmiddlewaretoken": token}
        assert (await client.post(change, data=form)).status_code == 302


async def send_while_the_database_fails(site, worker, open_socket):
    client = await open_socket(worker)
    await client.join()
    with psycopg.connect(site.postgres.url) as database:
        refuse = "ALTER TABLE chat_entry ADD CONSTRAINT none CHECK (body = '') NOT VALID"
        database.execute(refuse)
    await client.say("x", WORD)
    assert (await client.until("error"))["code"] == "internal"
    site.postgres.kill()
    await client.say("y", WORD)
    assert (await client.until("error"))["code"] == "internal"


async def test_no_log_contains_what_people_write(site, worker, open_socket, open_text_socket):
    async with asyncio.timeout(60):
        await send_on_sockets(worker, open_socket, open_text_socket)
        await send_over_http(worker)
        await edit_in_the_admin(worker)
        site.redis.kill()
        await send_while_the_database_fails(site, worker, open_socket)
    worker.stop()
    log = worker.log.read_text()
    assert "items not written" in log  # errors happened and were logged
    assert "Forbidden (CSRF token missing.)" in log
    assert [line for line in log.splitlines() if WORD in line] == []
