"""A reader of a text that takes nothing for a while: it stands still, and then has all of it."""

import asyncio
import socket

from streaming.models import StreamText
from tests.clients.sse import Parser
from tests.live.test_health_and_metrics import Metrics
from tests.live.test_unix_socket import UnixWorker

# Together a megabyte, of which the kernel holds a quarter on a unix socket.
CHARACTERS = 450
CHARACTER = "e" + "\N{COMBINING ACUTE ACCENT}" * 1_000
ASK = b"GET /api/sse?text=long&interval=1 HTTP/1.0\r\nHost: localhost\r\n\r\n"


def asked(worker):
    """A client that has asked, and taken nothing yet."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(str(worker.path))
    client.sendall(ASK)
    return client


def taken(client):
    """All that comes."""
    with client, client.makefile("rb") as stream:
        return stream.read()


async def test_it_stands_still_and_then_has_everything_in_order(make_site, tmp_path):
    site = make_site()
    text = {"slug": "long", "title": "Long", "body": CHARACTER * CHARACTERS}
    site.query(lambda: StreamText.objects.create(**text))
    worker = UnixWorker(site, tmp_path / "worker.sock")
    site.processes.append(worker)
    async with worker.start().http() as client:
        metrics = Metrics(client, worker)
        slow = asked(worker)
        await metrics.until(slow_readers=1)
        # By the time that another has everything, all of it is due to the slow one, too.
        assert_whole(await asyncio.to_thread(taken, asked(worker)))
        await metrics.until(slow_readers=1, streams__text=1)
        assert_whole(await asyncio.to_thread(taken, slow))
        await metrics.until(slow_readers=0, streams__text=0)


def assert_whole(answer):
    events = Parser().feed(answer.partition(b"\r\n\r\n")[2]).events
    said = [(int(id.partition(":")[2]), data) for id, name, data in events if name == "message"]
    assert said == [(offset, CHARACTER) for offset in range(1, CHARACTERS + 1)]
    assert events[-1][1] == "done"
