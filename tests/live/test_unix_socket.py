"""A worker that listens on a unix socket or on an inherited file descriptor."""

import asyncio
import contextlib
import socket
import subprocess
import sys

import httpx
import pytest

from tests.clients.sse import EventStream
from tests.clients.websocket import open_unix_client
from tests.processes import ROOT, Process, QuickProcess
from tests.shared import free_port

REQUEST, FOUND = b"GET /api/texts HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 200"


class UnixWorker(QuickProcess):
    """A worker that listens on a unix socket."""

    url = ""  # not used: clients connect to `path`

    def __init__(self, site, path):
        self.path = path
        command = [sys.executable, "-m", "config.server", "-u", str(path)]
        super().__init__(command, site.folder / "unix.log", site.environment)

    def http(self):
        transport = httpx.AsyncHTTPTransport(uds=str(self.path))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60)

    async def open_socket(self):
        return await open_unix_client(str(self.path))

    def is_ready(self):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(self.path))
            probe.sendall(REQUEST)
            return probe.recv(12) == FOUND
        return False


@pytest.fixture
def worker(make_site, tmp_path):
    worker = UnixWorker(make_site(), tmp_path / "worker.sock")
    yield worker.start()
    worker.close()


async def test_requests_streams_and_sockets_are_served_and_closed_in_order(worker):
    async with asyncio.timeout(60), worker.http() as client:
        stream = EventStream(client, "/api/rooms/lobby/events")
        reading = asyncio.ensure_future(stream.read())
        socket = await worker.open_socket()
        await socket.join()
        await socket.say("c", "你" * 4000)
        await socket.until("events")
        page = (await client.get("/api/rooms/lobby/entries")).json()
        assert [entry["seq"] for entry in page["events"]] == [1]
        while not stream.events:
            await asyncio.sleep(0.02)
        await asyncio.to_thread(worker.stop)
        await socket.until("bye")
        assert await socket.closed() == 1012
        await reading  # raises an error if the body was cut off
    assert stream.parser.at_boundary
    assert not worker.path.exists()
    log = worker.log.read_text()
    assert "Traceback" not in log
    assert "still running at exit" not in log


async def test_300_waiting_connections_are_accepted(worker):
    clients = [socket.socket(socket.AF_UNIX) for _ in range(300)]
    try:
        # Connections must wait to be accepted. Twisted's default queue has 50 places.
        worker.pause()
        for client in clients:
            client.setblocking(False)
            client.connect(str(worker.path))
            client.send(REQUEST)
        worker.resume()
        for client in clients:
            client.settimeout(60)
            assert client.recv(12) == FOUND
    finally:
        worker.resume()
        for client in clients:
            client.close()


async def test_a_worker_starts_although_a_killed_worker_left_its_socket_file(worker):
    worker.kill()
    assert worker.path.is_socket()
    worker.start()
    async with worker.http() as client:
        assert (await client.get("/api/texts")).status_code == 200


async def test_a_worker_of_another_site_does_not_take_the_path(worker, tmp_path):
    other = worker.environment | {"DATABASE_URL": f"sqlite:///{tmp_path}/other.sqlite3"}
    done = await asyncio.to_thread(
        subprocess.run, worker.command, cwd=ROOT, env=other, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert f"Another worker listens on {worker.path}." in done.stderr
    async with worker.http() as client:
        assert (await client.get("/api/texts")).status_code == 200


async def test_an_inherited_file_descriptor_is_served(make_site, tmp_path):
    site, port = make_site(), free_port()
    with socket.create_server(("127.0.0.1", port)) as listening:
        listening.set_inheritable(True)
        command = [sys.executable, "-m", "config.server", "--fd", str(listening.fileno())]
        worker = Process(command, tmp_path / "fd.log", site.environment)
        worker.port = port
        worker.passed = (listening.fileno(),)
        worker.start()
        try:
            async with httpx.AsyncClient(timeout=60) as client:
                answer = await client.get(f"http://127.0.0.1:{port}/api/texts")
                assert answer.status_code == 200
        finally:
            worker.close()
