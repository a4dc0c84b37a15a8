"""A reader of a text that does not read for a while: it receives the whole text later."""

import asyncio
import socket

from streaming.models import StreamText
from tests.clients.sse import Parser
from tests.live.test_health_and_metrics import Metrics
from tests.live.test_unix_socket import UnixWorker

# Together a megabyte. The kernel buffers a quarter of that on a unix socket.
CHARACTERS = 450
CHARACTER = "e" + "\N{COMBINING ACUTE ACCENT}" * 1_000
REQUEST = b"GET /api/sse?text=long&interval=1 HTTP/1.0\r\nHost: localhost\r\n\r\n"


def send_request(worker):
    """A client that has sent its request and read nothing yet."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(str(worker.path))
    client.sendall(REQUEST)
    return client


def read_answer(client):
    """Reads the whole answer."""
    with client, client.makefile("rb") as stream:
        return stream.read()


async def test_a_reader_that_pauses_gets_the_whole_text_in_order(make_site, tmp_path):
    site = make_site()
    text = {"slug": "long", "title": "Long", "body": CHARACTER * CHARACTERS}
    site.query(lambda: StreamText.objects.create(**text))
    worker = UnixWorker(site, tmp_path / "worker.sock")
    site.processes.append(worker)
    async with worker.start().http() as client:
        metrics = Metrics(client, worker)
        slow = send_request(worker)
        await metrics.until(slow_readers=1)
        # When another reader has the whole text, all of it is due for the slow reader too.
        assert_complete(await asyncio.to_thread(read_answer, send_request(worker)))
        await metrics.until(slow_readers=1, streams__text=1)
        assert_complete(await asyncio.to_thread(read_answer, slow))
        await metrics.until(slow_readers=0, streams__text=0)


def assert_complete(answer):
    events = Parser().feed(answer.partition(b"\r\n\r\n")[2]).events
    characters = [(int(id.split(":")[1]), data) for id, name, data in events if name == "message"]
    assert characters == [(offset, CHARACTER) for offset in range(1, CHARACTERS + 1)]
    assert events[-1][1] == "done"
