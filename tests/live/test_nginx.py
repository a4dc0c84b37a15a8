"""deploy/nginx.conf in front of a server that records requests: the headers that nginx passes on,
and its answers when no worker is available."""

import asyncio
import contextlib
import http.client
import json
import re
import shutil
import socket

import pytest

from config.server.http import idle_seconds
from tests.hosted import FILES, copy_nginx
from tests.processes import ROOT, Process
from tests.shared import free_port


class Nginx(Process):
    """An nginx in front of workers."""

    def __init__(self, folder, *worker_ports, extra_lines=""):
        self.port = free_port()
        server_conf = f"listen 127.0.0.1:{self.port};\nroot {ROOT / 'static'};\n{extra_lines}"
        command = copy_nginx(folder, server_conf, [f"127.0.0.1:{port}" for port in worker_ports])
        super().__init__(command, folder / "nginx.log")


class RecordingServer:
    """A server in place of a worker. It answers every request and records its head."""

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
        """The headers of the last request: a list of values for each name in lower case."""
        found = {}
        for line in self.heads[-1].split("\r\n")[1:-2]:
            name, _, value = line.partition(": ")
            found.setdefault(name.lower(), []).append(value)
        return found


@pytest.fixture
async def recording_backend():
    """A server in place of a worker, and its port."""
    backend = RecordingServer()
    server = await asyncio.start_server(backend.serve, "127.0.0.1", 0)
    yield backend, server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
async def nginx_and_backend(tmp_path, recording_backend):
    """An nginx, and the server behind it."""
    backend, port = recording_backend
    nginx = Nginx(tmp_path, port)
    await asyncio.to_thread(nginx.start)
    yield nginx, backend
    await asyncio.to_thread(nginx.stop)


@pytest.fixture
def nginx_without_backend(tmp_path):
    """An nginx without a server behind it."""
    nginx = Nginx(tmp_path, free_port()).start()
    yield nginx
    nginx.stop()


def fetch(port, path="/", method="GET", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, headers=headers)
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
    "X-Request-ID": "evil-0123456789",
    # Names that some servers read like the names above.
    "X_Forwarded_For": "203.0.113.9",
    "Daphne_Root_Path": "/evil",
}


async def test_nginx_replaces_forged_headers_by_its_own(nginx_and_backend):
    nginx, backend = nginx_and_backend
    await asyncio.to_thread(fetch, nginx.port, "/login/", **FORGED)
    headers = backend.headers()
    assert "evil" not in backend.heads[-1]
    assert "203.0.113.9" not in backend.heads[-1]
    assert headers["x-forwarded-for"] == ["127.0.0.1"]
    assert headers["x-forwarded-proto"] == ["http"]
    assert headers["x-forwarded-port"] != ["1"]
    assert headers["host"] == [f"127.0.0.1:{nginx.port}"]
    assert re.fullmatch("[0-9a-f]{32}", *headers["x-request-id"])
    assert {"forwarded", "daphne-root-path", "x-forwarded-host"}.isdisjoint(headers)


async def test_behind_a_trusted_proxy_the_client_address_of_the_proxy_is_passed_on(
    tmp_path, recording_backend
):
    backend, port = recording_backend
    guide = (ROOT / "docs/hosting.md").read_text().partition("## Behind another proxy")[2]
    lines = re.search(r"```nginx\n(.*?)```", guide, re.DOTALL)[1].replace("10.0.0.0/8", "127.0.0.1")
    nginx = Nginx(tmp_path, port, extra_lines=lines)
    await asyncio.to_thread(nginx.start)
    seen = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}  # a client forged the first address
    await asyncio.to_thread(fetch, nginx.port, "/login/", **seen)
    await asyncio.to_thread(nginx.stop)
    assert backend.headers()["x-forwarded-for"] == ["203.0.113.9"]
    assert backend.headers()["x-forwarded-proto"] == ["https"]


async def test_a_connection_to_a_worker_is_reused_unless_it_is_upgraded(nginx_and_backend):
    nginx, backend = nginx_and_backend
    await asyncio.to_thread(fetch, nginx.port, "/login/")
    assert "connection" not in backend.headers()
    assert backend.heads[-1].startswith("GET /login/ HTTP/1.1\r\n")
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    await asyncio.to_thread(fetch, nginx.port, "/ws/chat/", **upgrade)
    assert backend.headers()["connection"] == ["upgrade"]
    assert backend.headers()["upgrade"] == ["websocket"]


@pytest.mark.parametrize("path", ["metrics", "healthz"])
async def test_metrics_and_health_checks_do_not_pass_nginx(nginx_and_backend, path):
    nginx, backend = nginx_and_backend
    tricks = (f"/{path}", f"x/../{path}", f"static/../{path}", f"%{ord(path[0]):x}{path[1:]}")
    for form in (path, f"{path}/", f"{path}?x=1", *tricks):
        answer = await asyncio.to_thread(fetch, nginx.port, f"/{form}")
        assert answer.status == 404
    assert backend.heads == []


@pytest.mark.parametrize("asked_for", [False, True])
def test_nginx_logs_addresses_and_queries_only_if_asked_for(tmp_path, asked_for):
    extra = "error_log stderr warn;" if asked_for else ""
    nginx = Nginx(tmp_path, free_port(), extra_lines=extra).start()  # without a worker
    assert fetch(nginx.port, "/chat/?name=kumquat").status == 503
    nginx.stop()
    log = nginx.log.read_text()
    assert ("kumquat" in log) is asked_for
    assert ("client: 127.0.0.1" in log) is asked_for


def test_nginx_can_write_an_access_log_without_addresses_and_queries(tmp_path):
    log = tmp_path / "access.log"
    extra = f"access_log {log} json; access_log {tmp_path / 'plain.log'} plain;"
    nginx = Nginx(tmp_path, free_port(), extra_lines=extra).start()
    assert fetch(nginx.port, "/api/rooms?name=kumquat").status == 503
    nginx.stop()
    line = json.loads(log.read_text().splitlines()[-1])
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/rooms", 503)
    plain = (tmp_path / "plain.log").read_text()
    assert line["request_id"] in plain
    assert "kumquat" not in plain + log.read_text()


def test_an_event_stream_without_a_worker_is_asked_to_reconnect(nginx_without_backend):
    """EventSource does not reconnect after any status except 200."""
    for path in ("/api/sse?text=default", "/api/rooms/lobby/events"):
        answer = fetch(nginx_without_backend.port, path)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")
        assert answer.body in {f"retry: {ms}\n\n" for ms in (1000, 2000, 3000, 4000)}


def check_unavailable_page(page):
    assert (page.status, page.headers["retry-after"]) == (503, "2")
    assert page.headers["content-type"].startswith("text/html")
    assert "Back in a moment" in page.body
    assert "<style" not in page.body
    assert "style-src 'self'" in page.headers["content-security-policy"]


def test_a_page_without_a_worker_says_so_and_reloads_later(nginx_without_backend):
    for method in ("GET", "POST"):
        check_unavailable_page(fetch(nginx_without_backend.port, "/chat/", method))
    assert fetch(nginx_without_backend.port, "/away.html").status == 404


async def test_a_page_of_a_draining_worker_says_the_same(nginx_and_backend):
    nginx, backend = nginx_and_backend
    backend.status = "503 Service Unavailable"
    for method in ("GET", "POST"):
        check_unavailable_page(await asyncio.to_thread(fetch, nginx.port, "/chat/", method))
    # Answers of the API pass unchanged.
    assert (await asyncio.to_thread(fetch, nginx.port, "/api/texts")).body == "ok"
    assert len(backend.heads) == 3


@pytest.mark.parametrize(("path", "method"), [("texts", "GET"), ("rooms/lobby/entries", "POST")])
def test_the_api_without_a_worker_answers_in_the_format_of_a_worker(
    nginx_without_backend, path, method
):
    answer = fetch(nginx_without_backend.port, f"/api/{path}", method)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    error = json.loads(answer.body)
    assert (error["type"], error["code"], error["retry_after_ms"]) == ("error", "internal", 2000)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_a_request_that_nginx_cannot_store_is_refused_in_the_format_of_the_api(tmp_path):
    nginx = Nginx(tmp_path, free_port())
    with contextlib.closing(nginx.start()):
        shutil.rmtree(tmp_path / "body")  # where nginx writes a body of more than 16 KB
        answer = fetch(nginx.port, "/api/rooms/lobby/entries", "POST", body=b"x" * 140_000)
    assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    error = json.loads(answer.body)
    assert (error["code"], error["message"]) == ("internal", "The request could not be stored.")


def test_a_request_that_is_too_large_is_refused_in_the_format_of_the_api(nginx_without_backend):
    large = {"Content-Length": "9000000"}
    answer = fetch(nginx_without_backend.port, "/api/rooms/lobby/entries", "POST", **large)
    assert answer.status == 413
    assert json.loads(answer.body)["code"] == "too_long"
    assert fetch(nginx_without_backend.port, "/login/", "POST", **large).status == 413


def test_too_many_connections_of_an_address_are_refused_in_the_format_of_the_request(tmp_path):
    nginx = Nginx(tmp_path, free_port())
    conf = tmp_path / "nginx.conf"
    conf.write_text(conf.read_text().replace("limit_conn addresses 4000", "limit_conn addresses 1"))
    address = ("127.0.0.1", nginx.port)
    with contextlib.closing(nginx.start()), socket.create_connection(address, 30) as other:
        other.sendall(b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
        while (answer := fetch(nginx.port, "/api/texts")).status != 429:
            assert answer.status == 503  # until nginx has counted the other connection
        assert answer.headers["retry-after"] == "10"
        assert json.loads(answer.body)["code"] == "rate_limited"
        assert fetch(nginx.port, "/api/sse").status == 200


async def test_dead_workers_do_not_hide_a_running_worker(tmp_path, recording_backend):
    backend, port = recording_backend
    nginx = Nginx(tmp_path, free_port(), free_port(), port)
    with contextlib.closing(await asyncio.to_thread(nginx.start)):
        for _ in range(10):
            assert (await asyncio.to_thread(fetch, nginx.port, "/login/")).status == 200
    assert len(backend.heads) == 10


def test_nginx_closes_an_idle_connection_long_before_a_worker_would():
    upstream = re.search(r"upstream workers {.*?}", (FILES / "nginx.conf").read_text(), re.DOTALL)
    seconds = re.search(r"keepalive_timeout (\d+)s;", upstream[0])[1]
    assert int(seconds) < idle_seconds() / 2
