"""Which workers the watchdog kills."""

import asyncio
import socket
from xmlrpc.client import Fault

import pytest

from deploy.watchdog import PROBES, WatchedWorker, is_silent
from tests.shared import free_port

TIMEOUT = 0.2


class Supervisor:
    """What the watchdog asks of supervisord."""

    def __init__(self):
        self.state, self.pid, self.signals = "RUNNING", 7, []

    def getProcessInfo(self, name):
        return {"statename": self.state, "pid": self.pid}

    def signalProcess(self, name, signal):
        self.signals.append((name, signal))


@pytest.fixture
def silent_address():
    """An address where the kernel accepts connections and no process answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def serve(answer):
    """A server that sends `answer` to each client and closes the connection."""

    async def respond(reader, writer):
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    return server, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_only_an_open_port_without_an_answer_is_silent(silent_address):
    assert await is_silent(silent_address, TIMEOUT)
    assert not await is_silent(f"127.0.0.1:{free_port()}", 60)
    for answer in (b"HTTP/1.1 200 OK\r\n\r\n", b""):
        server, address = await serve(answer)
        assert not await is_silent(address, 60)
        server.close()


async def test_a_silent_worker_is_killed_after_some_probes(silent_address, capsys):
    supervisor = Supervisor()
    worker = WatchedWorker(supervisor, "worker_1", silent_address)
    for _ in range(PROBES - 1):
        await worker.probe(TIMEOUT)
    assert supervisor.signals == []
    await worker.probe(TIMEOUT)
    assert supervisor.signals == [("site:worker_1", "KILL")]
    assert capsys.readouterr().out == "site:worker_1 (process 7) hung and was killed.\n"


async def test_an_answer_or_another_process_begins_the_count_again(silent_address):
    supervisor = Supervisor()
    worker = WatchedWorker(supervisor, "worker_1", silent_address)
    server, answering = await serve(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(PROBES):
        worker.address = silent_address
        await worker.probe(TIMEOUT)
        worker.address = answering
        await worker.probe(60)
    server.close()
    worker.address = silent_address
    for pid in range(2 * PROBES):
        supervisor.pid = pid
        await worker.probe(TIMEOUT)
    assert supervisor.signals == []


@pytest.mark.parametrize("state", ["STARTING", "STOPPING", "BACKOFF"])
async def test_a_worker_that_starts_or_drains_is_not_killed(silent_address, state):
    supervisor = Supervisor()
    supervisor.state = state
    worker = WatchedWorker(supervisor, "worker_1", silent_address)
    for _ in range(2 * PROBES):
        await worker.probe(TIMEOUT)
    assert supervisor.signals == []


async def test_a_worker_that_has_just_ended_is_left_alone(silent_address):
    class Ended(Supervisor):
        def signalProcess(self, name, signal):
            raise Fault(70, "NOT_RUNNING")

    worker = WatchedWorker(Ended(), "worker_1", silent_address)
    for _ in range(PROBES):
        await worker.probe(TIMEOUT)
