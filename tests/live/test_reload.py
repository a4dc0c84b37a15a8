"""A reload and a stop of a hosted site, as its connected clients see them."""

import asyncio
import signal
import time
from pathlib import Path

import httpx
import pytest

from realtime import graphemes
from streaming.models import StreamText
from tests.clients.sse import EventStream
from tests.clients.websocket import Closed, open_client
from tests.hosted import HostedSite
from tests.stress.run import NO_LIMIT, Run, Size, until

TEXT = "Nobody loses a character. 谁都不丢一个字。👨‍👩‍👧‍👦" * 60  # longer than any reload
LEAVE_SECONDS = 15
CLIENTS = 5
PAGE_SECONDS = 0.2  # between two requests of a page
WRITER_PAUSE_SECONDS = (0.2, 0.8)  # a reload needs entries at every moment, not many of them


class TextReader:
    """Reads a text to its end as EventSource does: reconnects with its cursor after every end."""

    def __init__(self, url):
        self.url = url
        self.interval = 100
        self.stream = None
        self.attempts = 0
        self.statuses = set()
        self.connection = None

    async def run(self):
        async with httpx.AsyncClient(timeout=30) as client:
            self.stream = EventStream(client, self.url)
            while not self.done:
                self.attempts += 1
                self.connection = asyncio.ensure_future(self.read())
                await asyncio.wait([self.connection])
                assert self.connection.cancelled() or not self.connection.exception()

    async def read(self):
        self.stream.url = f"{self.url}&interval={self.interval}"
        async for _ in self.stream.pieces():
            self.statuses.add(self.stream.answer.status_code)

    def finish_quickly(self):
        """Reconnects with the shortest interval to get the rest quickly."""
        self.interval = 1
        self.connection.cancel()

    @property
    def done(self):
        return bool(self.stream.data("done"))

    @property
    def text(self):
        return self.stream.data("message") if self.stream else []


class ReloadRun(Run):
    """A stress run without faults: all workers behind nginx restart, one after the other."""

    def make_site(self, folder):
        return HostedSite(folder, self.size.workers, postgres=self.size.postgres, **NO_LIMIT)

    async def start_workers(self):
        self.workers = [self.site.front]

    async def make_clients(self):
        await super().make_clients()
        for writer in self.writers:
            writer.pause_seconds = WRITER_PAUSE_SECONDS

    async def run_load(self):
        writing = [asyncio.ensure_future(writer.run()) for writer in self.writers]
        self.pages, page_requests = [], asyncio.ensure_future(self.request_pages())
        texts = [TextReader(f"{self.site.front.url}/api/sse?text=long") for _ in range(CLIENTS)]
        reading = asyncio.gather(*(reader.run() for reader in texts))
        await until(lambda: all(reader.text for reader in texts))
        self.reload_output = await asyncio.to_thread(self.site.front.reload)
        self.attempts = [text.attempts for text in texts]
        for text in texts:
            text.finish_quickly()
        await reading
        page_requests.cancel()
        await asyncio.wait([page_requests])
        await self.stop_writers(writing)
        self.texts = texts

    async def request_pages(self):
        """Requests pages until it is cancelled."""
        async with httpx.AsyncClient(base_url=self.site.front.url, timeout=30) as client:
            while True:
                self.pages.append((await client.get("/chat/")).status_code)
                await asyncio.sleep(PAGE_SECONDS)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("workers", "postgres"), [(2, False), (3, True)])
async def test_no_reader_loses_an_entry_or_a_character_in_a_reload(tmp_path, workers, postgres):
    run = await asyncio.to_thread(ReloadRun, tmp_path, 1, Size(0, 8, 4, workers, postgres))
    try:
        create = {"slug": "long", "title": "Long", "body": TEXT, "interval_ms": 100}
        run.site.query(lambda: StreamText.objects.create(**create))
        await run()
    finally:
        await asyncio.to_thread(run.site.close)
    assert run.reload_output.count("restarted on") == workers
    assert run.differences == []
    assert len(run.log) > 50
    assert run.record.counts["reconnects"] > 0
    assert min(run.attempts) > 1
    assert {status for text in run.texts for status in text.statuses} == {200}
    whole = list(graphemes.split(TEXT))
    assert all(text.text == whole for text in run.texts)
    assert set(run.pages) == {200}


class Client:
    """A client with a socket of a room and a stream of a text, until both end."""

    def __init__(self, front):
        self.front = front
        self.frames, self.code = [], None
        self.events, self.whole = None, None

    async def run(self):
        await asyncio.gather(self.listen(), self.stream())

    async def listen(self):
        client = await open_client(self.front.ws, ping_interval=None)
        await client.send("join", room="lobby")
        try:
            while True:
                self.frames.append((await client.take())["type"])
        except Closed as closed:
            self.code = closed.code
        finally:
            await client.close()

    async def stream(self):
        async with httpx.AsyncClient(timeout=60) as client:
            self.events = EventStream(client, f"{self.front.url}/api/sse?interval=100")
            await self.events.read()
            self.whole = self.events.parser.at_boundary

    @property
    def is_connected(self):
        return "joined" in self.frames and self.events.events


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_a_stop_closes_all_connections_in_order_through_nginx(tmp_path, how):
    site = await asyncio.to_thread(HostedSite, tmp_path)
    try:
        front = site.front
        clients = [Client(front) for _ in range(CLIENTS)]
        running = [asyncio.ensure_future(client.run()) for client in clients]
        await until(lambda: all(client.is_connected for client in clients))
        processes = front.processes()
        assert len(processes) > 5  # supervisord, nginx and its own workers, Redis, two workers
        started = time.monotonic()
        front.running.send_signal(how)
        assert await asyncio.to_thread(front.running.wait, LEAVE_SECONDS) == 0
        assert time.monotonic() - started < LEAVE_SECONDS
        await asyncio.wait(running, timeout=10)
        assert {client.code for client in clients} == {1012}
        assert {client.frames[-1] for client in clients} == {"bye"}
        assert {client.whole for client in clients} == {True}
        assert {pid for pid in processes if Path(f"/proc/{pid}").exists()} == set()
    finally:
        await asyncio.to_thread(site.close)
