"""What nginx hands on to a worker, and what it says where there is none: deploy/nginx.conf, in
front of something that writes down what reaches it."""

import asyncio
import contextlib
import http.client
import json
import re
import socket

import pytest

from config.server.http import idle_seconds
from tests.hosted import FILES, copy_nginx
from tests.processes import ROOT, Process
from tests.shared import free_port


class Nginx(Process):
    """An nginx in front of workers."""

    def __init__(self, folder, *worker_ports, further=""):
        self.port = free_port()
        server = f"listen 127.0.0.1:{self.port};\nroot {ROOT / 'static'};\n{further}"
        command = copy_nginx(folder, server, [f"127.0.0.1:{port}" for port in worker_ports])
        super().__init__(command, folder / "nginx.log")


class Listener:
    """A worker that answers everything, and keeps what it was asked."""

    def __init__(self):
        self.heads = []
        self.status = "200 OK"

    async def serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin1"))
                writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 2\r\n\r\nok".encode())
                await writer.drain()
        writer.close()

    def headers(self):
        """Those of the last request, by their names in lower case; each a list."""
        found = {}
        for line in self.heads[-1].split("\r\n")[1:-2]:
            name, _, value = line.partition(": ")
            found.setdefault(name.lower(), []).append(value)
        return found


@pytest.fixture
async def beside():
    """What listens in a worker's place, and its port."""
    listener = Listener()
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    yield listener, server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
async def behind(tmp_path, beside):
    """An nginx, and what listens behind it."""
    listener, port = beside
    nginx = Nginx(tmp_path, port)
    await asyncio.to_thread(nginx.start)
    yield nginx, listener
    await asyncio.to_thread(nginx.stop)


@pytest.fixture
def alone(tmp_path):
    """An nginx behind which nobody is."""
    nginx = Nginx(tmp_path, free_port()).start()
    yield nginx
    nginx.stop()


def ask(port, path="/", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    answer.body = answer.read().decode()
    connection.close()
    return answer


FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;proto=https;host=evil.example",
    "Daphne-Root-Path": "/evil",
    "Proxy": "evil.example",
    # Names that some would take for those above.
    "X_Forwarded_For": "203.0.113.9",
    "Daphne_Root_Path": "/evil",
}


async def test_a_worker_hears_what_nginx_saw_and_not_what_a_client_says(behind):
    nginx, listener = behind
    await asyncio.to_thread(ask, nginx.port, "/login/", **FORGED)
    headers = listener.headers()
    assert "evil" not in listener.heads[-1]
    assert "203.0.113.9" not in listener.heads[-1]
    assert headers["x-forwarded-for"] == ["127.0.0.1"]
    assert headers["x-forwarded-proto"] == ["http"]
    assert headers["x-forwarded-port"] != ["1"]
    assert headers["host"] == [f"127.0.0.1:{nginx.port}"]
    assert {"forwarded", "daphne-root-path", "x-forwarded-host"}.isdisjoint(headers)


async def test_behind_a_proxy_that_is_trusted_a_worker_hears_what_that_one_saw(tmp_path, beside):
    listener, port = beside
    guide = (ROOT / "docs/hosting.md").read_text().partition("## Behind another proxy")[2]
    lines = re.search(r"```nginx\n(.*?)```", guide, re.DOTALL)[1].replace("10.0.0.0/8", "127.0.0.1")
    nginx = Nginx(tmp_path, port, further=lines)
    await asyncio.to_thread(nginx.start)
    seen = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}  # the first is what a client forged
    await asyncio.to_thread(ask, nginx.port, "/login/", **seen)
    await asyncio.to_thread(nginx.stop)
    assert listener.headers()["x-forwarded-for"] == ["203.0.113.9"]
    assert listener.headers()["x-forwarded-proto"] == ["https"]


async def test_a_connection_to_a_worker_is_kept_unless_it_becomes_a_socket(behind):
    nginx, listener = behind
    await asyncio.to_thread(ask, nginx.port, "/login/")
    assert "connection" not in listener.headers()
    assert listener.heads[-1].startswith("GET /login/ HTTP/1.1\r\n")
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    await asyncio.to_thread(ask, nginx.port, "/ws/chat/", **upgrade)
    assert listener.headers()["connection"] == ["upgrade"]
    assert listener.headers()["upgrade"] == ["websocket"]


@pytest.mark.parametrize("path", ["metrics", "readyz", "healthz"])
async def test_what_is_for_operators_reaches_no_worker(behind, path):
    nginx, listener = behind
    tricks = (f"/{path}", f"x/../{path}", f"static/../{path}", f"%{ord(path[0]):x}{path[1:]}")
    for form in (path, f"{path}/", f"{path}?x=1", *tricks):
        answer = await asyncio.to_thread(ask, nginx.port, f"/{form}")
        assert answer.status == 404
    assert listener.heads == []


def test_an_event_stream_that_finds_no_worker_is_told_to_come_again(alone):
    """EventSource gives up for good on any status but 200."""
    for path in ("/api/sse?text=default", "/api/rooms/lobby/events"):
        answer = ask(alone.port, path)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")
        assert answer.body in {f"retry: {ms}\n\n" for ms in (1000, 2000, 3000, 4000)}


def check_away(page):
    assert (page.status, page.headers["retry-after"]) == (503, "2")
    assert page.headers["content-type"].startswith("text/html")
    assert "Back in a moment" in page.body
    assert "<style" not in page.body
    assert "style-src 'self'" in page.headers["content-security-policy"]


def test_a_page_that_finds_no_worker_says_so_calmly_and_asks_again(alone):
    for method in ("GET", "POST"):
        check_away(ask(alone.port, "/chat/", method))
    assert ask(alone.port, "/away.html").status == 404


async def test_a_page_that_finds_only_a_worker_that_leaves_says_the_same(behind):
    nginx, listener = behind
    listener.status = "503 Service Unavailable"
    for method in ("GET", "POST"):
        check_away(await asyncio.to_thread(ask, nginx.port, "/chat/", method))
    # The API says itself why not, and what is to be repeated.
    assert (await asyncio.to_thread(ask, nginx.port, "/api/texts")).body == "ok"
    assert len(listener.heads) == 3


@pytest.mark.parametrize(("path", "method"), [("texts", "GET"), ("rooms/lobby/entries", "POST")])
def test_the_api_without_a_worker_answers_as_the_workers_do(alone, path, method):
    answer = ask(alone.port, f"/api/{path}", method)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    error = json.loads(answer.body)
    assert (error["type"], error["code"], error["retry_after_ms"]) == ("error", "internal", 2000)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_a_request_that_is_too_large_is_refused_in_the_form_of_the_api(alone):
    large = {"Content-Length": "9000000"}
    answer = ask(alone.port, "/api/rooms/lobby/entries", "POST", **large)
    assert answer.status == 413
    assert json.loads(answer.body)["code"] == "too_long"
    assert ask(alone.port, "/login/", "POST", **large).status == 413


def test_an_address_with_too_many_connections_is_told_in_the_form_that_it_reads(tmp_path):
    nginx = Nginx(tmp_path, free_port())
    conf = tmp_path / "nginx.conf"
    conf.write_text(conf.read_text().replace("limit_conn addresses 4000", "limit_conn addresses 1"))
    there = ("127.0.0.1", nginx.port)
    with contextlib.closing(nginx.start()), socket.create_connection(there, 30) as other:
        other.sendall(b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
        while (answer := ask(nginx.port, "/api/texts")).status != 429:
            assert answer.status == 503  # until the other is known
        assert answer.headers["retry-after"] == "10"
        assert json.loads(answer.body)["code"] == "rate_limited"
        assert ask(nginx.port, "/api/sse").status == 200


async def test_dead_workers_hide_no_living_one(tmp_path, beside):
    listener, port = beside
    nginx = Nginx(tmp_path, free_port(), free_port(), port)
    with contextlib.closing(await asyncio.to_thread(nginx.start)):
        for _ in range(10):
            assert (await asyncio.to_thread(ask, nginx.port, "/login/")).status == 200
    assert len(listener.heads) == 10


def test_nginx_ends_a_kept_connection_long_before_a_worker_would():
    upstream = re.search(r"upstream workers {.*?}", (FILES / "nginx.conf").read_text(), re.DOTALL)
    kept = re.search(r"keepalive_timeout (\d+)s;", upstream[0])[1]
    assert int(kept) < idle_seconds() / 2
