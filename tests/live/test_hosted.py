"""A hosted site as `make serve` starts it, through nginx."""

import contextlib
import http.client
import json
import re
import socket
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.clients.sse import EventStream
from tests.hosted import HostedSite

INTERVAL_MS = 200
# Another address of this machine than that of nginx.
WORKER_BIND = "127.0.0.2"
TOKEN = "a-long-random-token"


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    settings = {"WORKER_BIND": WORKER_BIND, "MONITORING_TOKEN": TOKEN}
    site = HostedSite(tmp_path_factory.mktemp("site"), **settings)
    yield site.front
    site.close()


async def arrivals(url, count):
    """The first events of a stream, each with the time of its arrival."""
    came = []
    async with httpx.AsyncClient(timeout=30) as client:
        stream = EventStream(client, url)
        async for _ in stream.pieces():
            moment = time.monotonic()
            came += [(moment, *event) for event in stream.events[len(came) :]]
            if len(came) >= count:
                break
    assert stream.answer.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in stream.answer.headers
    return came


async def test_a_text_arrives_event_by_event_through_nginx(front):
    """An event has 60 bytes. If nginx buffered the stream, it would wait for 4 KB or more: about a
    hundred events."""
    came = await arrivals(f"{front.url}/api/sse?interval={INTERVAL_MS}", 12)
    times = [moment for moment, _, name, _ in came if name == "message"]
    assert times[-1] - times[0] > 0.5 * (len(times) - 1) * INTERVAL_MS / 1000
    # If two events came together, only every second one would have a pause before it.
    pauses = [after - before for before, after in pairwise(times)]
    assert sum(pause > INTERVAL_MS / 4000 for pause in pauses) > len(pauses) * 0.6


async def test_a_message_from_a_socket_arrives_on_sockets_and_streams(front, open_socket):
    writer, reader = await open_socket(front), await open_socket(front)
    await reader.join()
    async with (
        httpx.AsyncClient(timeout=30) as client,
        client.stream("GET", f"{front.url}/api/rooms/lobby/events") as stream,
    ):
        pieces = stream.aiter_raw()
        for number in range(3):
            await writer.say(f"through-{number}", f"word {number}")
            seq = (await writer.acknowledged(f"through-{number}"))["seq"]
            await reader.until_head(seq)
            while f"word {number}".encode() not in await anext(pieces):
                pass


async def test_only_pages_of_the_site_may_open_a_socket(front, open_socket):
    await open_socket(front, origin=front.url)
    for origin in ("https://evil.example", "http://127.0.0.1", f"https://127.0.0.1:{front.port}"):
        with pytest.raises(InvalidStatus) as refused:
            await open_socket(front, origin=origin)
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize("path", ["/readyz", "/healthz", "/metrics"])
def test_workers_answer_health_checks_and_metrics_and_nginx_does_not(front, path):
    assert get(front, path).status == 404
    for worker in front.workers:
        assert httpx.get(f"http://{worker}{path}").status_code == 200


def test_nginx_passes_readyz_on_with_the_token(front):
    answer = get(front, "/readyz", Authorization=f"Bearer {TOKEN}")
    assert (answer.status, json.loads(answer.body)["worker"]) == (200, "ready")
    assert get(front, "/metrics", Authorization=f"Bearer {TOKEN}").status == 404


def test_workers_listen_on_the_chosen_address_only(front):
    for worker in front.workers:
        host, _, port = worker.partition(":")
        assert host == WORKER_BIND
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(port)), 5)


def get(front, path, **headers):
    """Requests a path without normalising it."""
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.body = answer.read()
    connection.close()
    return answer


def test_static_files_have_hashed_names_and_are_cached_for_ever(front):
    page = get(front, "/chat/lobby/").body.decode()
    used = set(re.findall(r'"(/static/[^"]+)"', page))
    assert len(used) >= 3
    for url in used:
        assert re.search(r"\.[0-9a-f]{12}\.(js|css|svg)$", url)
        answer = get(front, url)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = get(front, "/static/site.css")
    assert plain.headers["cache-control"] == "public, max-age=60"
    assert get(front, "/static/site.000000000000.css").status == 404
    assert get(front, "/static/../nginx/nginx.conf").status == 404


def test_static_files_are_compressed_if_the_client_accepts_gzip(front):
    gzip_header = {"Accept-Encoding": "gzip"}
    assert get(front, "/static/site.css", **gzip_header).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in get(front, "/static/site.css").headers
    assert "content-encoding" not in get(front, "/login/", **gzip_header).headers


def test_a_connection_is_reused_for_the_next_request(front):
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=30)
    connection.connect()
    first = connection.sock
    for path in ("/login/", "/static/site.css", "/api/texts"):
        connection.request("GET", path)
        assert connection.getresponse().read()
        assert connection.sock is first
    connection.close()


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(front):
    with socket.create_connection(("127.0.0.1", front.port), 30) as client:
        head = "POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n"
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_status_shows_every_process(front):
    done = front.command_of("deploy.status")
    assert done.returncode == 0, done.stderr
    shown = re.findall(r"^(\w+) +(?:RUNNING|STARTING) ", done.stdout, re.MULTILINE)
    assert sorted(shown) == ["nginx", "redis", "watchdog", "worker_1", "worker_2"]
    for address in front.workers:
        assert f"{address} ready" in done.stdout


def test_a_start_logs_its_steps_and_no_warning(front):
    said = front.log.read_text()
    assert said.index("Migrating") < said.index("Collecting") < said.index(front.url)
    assert "CRIT" not in said
    assert "runs as root" not in said


def test_created_files_are_private_except_the_static_files(front):
    for file in ("nginx/workers.conf", "supervisor.sock", "redis.sock", "log", "lock"):
        assert (front.folder / file).stat().st_mode & 0o077 == 0, file
    for file in (front.folder / "static").rglob("*"):
        assert file.stat().st_mode & 0o005 >= (0o005 if file.is_dir() else 0o004), file


def test_nginx_worker_processes_do_not_run_as_root(front):
    worker_processes = [pid for pid in front.processes() if b"nginx: worker" in command_line(pid)]
    assert worker_processes
    for pid in worker_processes:
        assert Path(f"/proc/{pid}").stat().st_uid != 0


def command_line(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_a_body_that_nginx_buffers_in_a_file_passes(front):
    """nginx stores more than 16 KB of a body in a file, which its worker processes must be able to
    write."""
    answer = httpx.post(f"{front.url}/login/", content=b"x" * 200_000, timeout=30)
    assert answer.status_code == 403  # by Django, because a token is missing


def test_a_second_start_says_that_the_site_already_runs(front):
    done = front.command_of("deploy.serve")
    assert done.returncode == 1
    assert done.stderr.startswith("Already running")
    assert get(front, "/login/").status == 200


def test_a_port_that_is_taken_is_named(front):
    with tempfile.TemporaryDirectory(prefix="hosted-") as folder:
        done = front.command_of("deploy.serve", RUN=folder)
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{front.port}" in done.stderr


def test_a_forged_scheme_is_ignored(front):
    """Over HTTPS, Django would refuse a form without a Referer."""
    with httpx.Client(base_url=front.url, headers={"X-Forwarded-Proto": "https"}) as client:
        page = client.get("/login/")
        token = page.cookies["csrftoken"]
        form = {"username": "nobody", "password": "wrong", "csrfmiddlewaretoken": token}
        assert client.post("/login/", data=form).status_code == 200
        assert "strict-transport-security" not in page.headers


def test_a_forged_root_path_changes_no_link(front):
    forged = {"Daphne-Root-Path": "/evil", "X-Forwarded-Host": "evil", "Forwarded": "host=evil"}
    page = get(front, "/chat/", **forged)
    assert page.status == 200
    assert b"evil" not in page.body
    assert b'href="/chat/"' in page.body


async def test_polls_and_posts_work_through_nginx(front):
    async with httpx.AsyncClient(base_url=front.url, timeout=40) as client:
        await client.get("/chat/lobby/")
        entries = "/api/rooms/lobby/entries"
        cursor = (await client.get(entries)).json()["cursor"]
        say = {"type": "say", "cid": "poll-1", "body": "posted"}
        token = {"X-CSRFToken": client.cookies["csrftoken"]}
        posted = await client.post(entries, json=say, headers=token)
        assert posted.json()["type"] == "ack"
        news = (await client.get(entries, params={"cursor": cursor, "wait": 25})).json()
        assert news["events"][-1]["cid"] == "poll-1"
