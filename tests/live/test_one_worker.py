"""A single worker, as on a laptop, seen by its clients."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.clients.sse import EventStream


@pytest.fixture(scope="module")
def site(make_shared_site):
    return make_shared_site(development=True)


@pytest.fixture(scope="module")
def worker(site):
    return site.worker()


@pytest.fixture(autouse=True)
def room(site, own_room):
    return own_room(site)


async def test_the_first_event_is_sent_without_delay(worker):
    async with (
        httpx.AsyncClient() as client,
        client.stream("GET", f"{worker.url}/api/sse?interval=10000") as answer,
    ):
        first = await anext(answer.aiter_raw())
    assert answer.headers["content-type"] == "text/event-stream"
    assert b"event: meta" in first


async def test_events_arrive_one_by_one(worker):
    arrivals = []
    async with (
        httpx.AsyncClient() as client,
        client.stream("GET", f"{worker.url}/api/sse?interval=100") as answer,
    ):
        async for piece in answer.aiter_raw():
            arrivals.append((asyncio.get_running_loop().time(), piece.count(b"\ndata: ")))
            if len(arrivals) > 10:
                break
    moments = [moment for moment, _ in arrivals]
    assert moments[-1] - moments[1] > 0.5  # nine intervals, some of which a busy machine may merge


async def test_another_page_on_localhost_may_read_the_stream(worker):
    origin = {"Origin": "http://localhost:5173"}
    async with httpx.AsyncClient() as client:
        stream = EventStream(client, f"{worker.url}/api/sse?interval=1", headers=origin)
        await stream.read()
        foreign = await client.get(
            f"{worker.url}/api/sse?text=x", headers={"Origin": "http://e.example"}
        )
    assert stream.answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "access-control-allow-origin" not in foreign.headers


async def test_a_reader_that_disconnects_makes_room_for_another(make_site):
    worker = make_site(STREAMS_PER_WORKER="1").worker()
    url = f"{worker.url}/api/sse?interval=10000"
    async with httpx.AsyncClient() as client:
        for _ in range(3):
            async with asyncio.timeout(60), client.stream("GET", url) as answer:
                while b"event: meta" not in (first := await anext(answer.aiter_raw())):
                    assert re.fullmatch(rb"retry: ([12]\d{4}|30000)\n\n", first)
                    answer = await client.send(client.build_request("GET", url), stream=True)


def threads_and_databases(process):
    """The number of threads of a process, and of its open files of the database."""
    process_folder = Path("/proc") / str(process.pid)
    opened = [
        link.readlink().name for link in (process_folder / "fd").iterdir() if link.is_symlink()
    ]
    return len(list((process_folder / "task").iterdir())), opened.count("site.sqlite3")


async def test_streams_use_no_thread_and_no_database_connection(make_site):
    worker = make_site().worker()
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None)) as client:
        url = f"{worker.url}/api/sse?interval=10000"
        answers = [
            await client.send(client.build_request("GET", url), stream=True) for _ in range(60)
        ]
        for answer in answers:
            await anext(answer.aiter_raw())
        threads, databases = threads_and_databases(worker.running)
        for answer in answers:
            await answer.aclose()
    assert threads < 20
    assert databases == 0


async def test_a_message_from_a_plain_text_socket_reaches_all_clients(
    worker, open_text_socket, open_socket, room
):
    text_socket = await open_text_socket(worker, f"/ws/chat/{room}/?name=Mcu")
    client = await open_socket(worker)
    await client.join()
    await text_socket.send_text("23.5 °C")
    assert [await text_socket.receive(), await text_socket.receive()] == ["23.5 °C", "Mcu: 23.5 °C"]
    await client.until_head(1)
    assert client.entries[0]["body"] == "23.5 °C"


async def test_a_page_of_a_foreign_origin_is_refused(worker, open_socket):
    with pytest.raises(InvalidStatus) as caught:
        await open_socket(worker, origin="http://evil.example")
    assert caught.value.response.status_code == 403
    await open_socket(worker, origin=worker.url)
    await open_socket(worker, origin="http://localhost:5173")


async def test_unknown_paths_close_cleanly(worker, open_text_socket):
    for path in ("/ws/", "/ws/nowhere/", "/", "/ws/chat/a/b"):
        assert await (await open_text_socket(worker, path)).closed() == 4404
    assert await (await open_text_socket(worker, "/ws/chat/nowhere/")).closed() == 4404
    log = worker.log.read_text()
    assert "Traceback" not in log
    assert "Error" not in log


async def test_bad_frames_get_an_error_or_a_close_and_other_sockets_stay_open(worker, open_socket):
    binary, large, valid = [await open_socket(worker) for _ in range(3)]
    await binary.send_text(b"\x00")
    assert await binary.closed() == 4400
    await large.send("ping", ts=1, x="x" * 33_000)
    assert await large.closed() == 4400
    await valid.send_text("not json")
    assert (await valid.until("error"))["code"] == "bad_frame"
    await valid.send("ping", ts=1)
    await valid.until("pong")
    assert "Traceback" not in worker.log.read_text()


async def test_a_client_that_vanishes_causes_no_error(worker, open_socket):
    staying = await open_socket(worker)
    await staying.join()
    for number in range(5):
        leaving = await open_socket(worker)
        await leaving.join()
        await leaving.say(f"last-words-{number}")
        leaving.abort()
    await staying.say("still-here")
    await staying.acknowledged("still-here")
    assert "Traceback" not in worker.log.read_text()


async def test_pages_and_their_files_are_served_in_production(make_site):
    worker = make_site().worker()
    async with httpx.AsyncClient() as client:
        for path in ("/", "/stream/", "/chat/", "/chat/lobby/", "/login/", "/admin/login/"):
            page = await client.get(worker.url + path)
            assert page.status_code == 200
            files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
            assert files
            for file in files:
                assert (await client.get(worker.url + file)).status_code == 200, file


async def test_stock_daphne_serves_the_site(make_site, open_socket):
    worker = make_site(server="daphne").worker()
    socket = await open_socket(worker)
    socket.room = "lobby"
    await socket.join()
    await socket.say("c")
    assert (await socket.acknowledged("c"))["seq"] == 1
    await socket.until_head(1)
    async with httpx.AsyncClient() as client:
        stream = await EventStream(client, f"{worker.url}/api/sse?interval=1").read()
    assert stream.events[-1][1] == "done"


def test_runserver_warns_outside_of_development_mode(make_site):
    hosted = make_site(development=True, SECRET_KEY="s" * 60)
    for site, logged in ((make_site(development=True), False), (hosted, True)):
        worker = site.worker()
        worker.stop()
        assert ("Not in development mode" in worker.log.read_text()) is logged
