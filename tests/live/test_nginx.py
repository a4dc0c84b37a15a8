"""What nginx hands on to a worker, and what it says where there is none: deploy/nginx.conf, in
front of something that writes down what reaches it."""

import asyncio
import contextlib
import http.client

import pytest

from tests.hosted import copy_nginx
from tests.servers import Process, free_port


class Nginx(Process):
    """An nginx in front of one address."""

    def __init__(self, folder, worker_port):
        self.port = free_port()
        server = f"listen 127.0.0.1:{self.port};\nroot {folder};\n"
        command = copy_nginx(folder, server, [f"127.0.0.1:{worker_port}"])
        super().__init__(command, folder / "nginx.log")


class Listener:
    """A worker that answers everything, and keeps what it was asked."""

    def __init__(self):
        self.heads = []

    async def serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin1"))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
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
async def behind(tmp_path):
    """An nginx, and what listens behind it."""
    listener = Listener()
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    nginx = Nginx(tmp_path, server.sockets[0].getsockname()[1])
    await asyncio.to_thread(nginx.start)
    yield nginx, listener
    await asyncio.to_thread(nginx.stop)
    server.close()


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


def test_whoever_finds_no_worker_is_asked_to_wait(alone):
    page = ask(alone.port, "/chat/")
    assert (page.status, page.headers["retry-after"]) == (503, "2")
    assert ask(alone.port, "/api/texts").status == 502
    assert ask(alone.port, "/api/rooms/lobby/entries", "POST").status == 502
