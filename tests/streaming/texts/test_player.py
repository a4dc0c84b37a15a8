"""A text is played in the same way to a connection and to a response, on an injected clock."""

import asyncio

import pytest

from realtime import sse
from realtime.scheduler import BATCH_SIZE
from streaming.texts.playback import Playback
from streaming.texts.player import ChunkBuffer, play
from tests.clients.sse import Parser
from tests.realtime.machine import Machine

TEXT = [" ", "你", "👨‍👩‍👧‍👦", "\n"]


class Connection:
    """A body writer of a server. It is full after `capacity` chunks, until the client reads."""

    def __init__(self, capacity=1_000):
        self.capacity = capacity
        self.chunks = []
        self.readable = asyncio.Event()

    def write_body(self, chunk):
        self.chunks.append(chunk)

    @property
    def full(self):
        return len(self.chunks) >= self.capacity

    async def drained(self):
        if self.full:
            await self.readable.wait()

    def read_on(self):
        self.capacity = 1_000
        self.readable.set()


class Reader:
    """Reads a text from one of the two writers. `chunks` has what followed the opening."""

    def __init__(self, machine, writer, text=TEXT, offset=0):
        self.machine = machine
        self.writer = writer
        self.sent = []
        events = sse.encode(7, "mark", text, "message")
        found = Playback("first", 7, "mark", events, 250, offset, restarted=False, finished=False)
        self.source = play(found, writer, machine.scheduler)
        self.running = asyncio.ensure_future(self.read())

    async def read(self):
        async for chunk in self.source:
            self.sent.append(chunk)
            await self.wait()

    async def wait(self):
        """What a response does after each chunk: waits until the client takes it."""

    @property
    def chunks(self):
        return self.writer.chunks if self.writer else self.sent[1:]

    @property
    def counts(self):
        """The number of events in each chunk."""
        return [len(Parser().feed(chunk).events) for chunk in self.chunks]

    async def finish(self, late=0.0):
        """Runs the clock, whose timers are `late` seconds late, until the text has ended."""
        async with asyncio.timeout(5):
            while not await self.stands():
                self.machine.run_next(late)
            await self.running
        return self.chunks

    async def stands(self):
        """Lets tasks run until the reader waits for the clock. Returns whether it has ended."""
        for _ in range(10):
            await asyncio.sleep(0)
        return self.running.done()


@pytest.fixture
def machine():
    return Machine(now=1000.0)


@pytest.fixture(params=["connection", "response"])
def writer(request):
    return Connection() if request.param == "connection" else None


async def test_each_grapheme_is_written_at_its_deadline(machine, writer):
    reader = Reader(machine, writer)
    chunks = await reader.finish()
    assert machine.delays == [0.25] * 4
    assert b"".join(chunks) == sse.encode(7, "mark", TEXT, "message").blob + (
        b'id: 7:4:mark\nevent: done\ndata: {"total":4}\n\n'
    )


async def test_done_is_in_the_chunk_of_the_last_grapheme(machine, writer):
    reader = Reader(machine, writer)
    await reader.finish()
    assert reader.counts == [1, 1, 1, 2]


async def test_a_late_reader_gets_in_one_chunk_what_is_due_and_does_not_fall_behind(
    machine, writer
):
    reader = Reader(machine, writer, text=["x"] * 9)
    await reader.finish(late=0.65)
    assert reader.counts == [3, 3, 4]
    assert machine.now - 1000 < 9 * 0.25 + 0.65


async def test_a_resumed_reader_gets_the_rest(machine, writer):
    events = Parser().feed(b"".join(await Reader(machine, writer, offset=3).finish())).events
    assert [id for id, _, _ in events] == ["7:4:mark", "7:4:mark"]


async def test_an_empty_text_ends_with_its_opening(machine, writer):
    reader = Reader(machine, writer, text=[])
    assert await reader.finish() == []
    assert [name for _, name, _ in Parser().feed(reader.sent[0]).events] == ["meta", "done"]
    assert machine.delays == []


async def test_the_opening_is_sent_at_once_by_the_response(machine, writer):
    reader = Reader(machine, writer)
    await reader.stands()
    (opening,) = reader.sent
    assert opening.startswith(b"retry: ")
    assert [name for _, name, _ in Parser().feed(opening).events] == ["meta"]
    await reader.finish()


async def test_a_reader_that_disconnects_gets_nothing_more_and_leaves_the_scheduler(
    machine, writer
):
    reader = Reader(machine, writer)
    await reader.stands()
    reader.running.cancel()
    await asyncio.wait([reader.running])
    await reader.source.aclose()
    machine.run_next()
    assert reader.chunks == []
    assert machine.scheduler.pending == []


# ---- Clients that read slowly --------------------------------------------------------


async def test_a_slow_connection_gets_nothing_until_it_has_read_and_then_all_that_is_due(machine):
    reader = Reader(machine, Connection(capacity=1), text=["x"] * 9)
    await reader.stands()
    machine.run_next()
    await reader.stands()
    assert machine.timers == []
    machine.now += 1.3
    reader.writer.read_on()
    await reader.finish()
    assert reader.counts[:2] == [1, 5]


async def test_a_slow_response_gets_nothing_until_its_chunk_is_sent_and_then_all_that_is_due(
    machine,
):
    class Slow(Reader):
        async def wait(self):
            if len(self.sent) == 2:
                await self.sending.wait()

    reader = Slow(machine, None, text=["x"] * 9)
    reader.sending = asyncio.Event()
    await reader.stands()
    machine.run_next()
    await reader.stands()
    assert machine.timers == []
    machine.now += 1.3
    reader.sending.set()
    await reader.finish()
    assert reader.counts[:2] == [1, 5]


async def test_a_connection_that_fails_ends_its_own_reader_only(machine):
    class Broken(Connection):
        def write_body(self, chunk):
            raise ConnectionError

    whole, broken = Reader(machine, Connection()), Reader(machine, Broken())
    await whole.finish()
    assert whole.counts == [1, 1, 1, 2]
    with pytest.raises(ConnectionError):
        await broken.running


async def test_a_connection_is_written_to_without_a_task_for_each_chunk(machine):
    """All readers are served in one call of the loop, without the loop running in between."""
    readers = [Reader(machine, Connection()) for _ in range(BATCH_SIZE - 1)]
    await readers[-1].stands()
    machine.run_next()
    assert [reader.counts for reader in readers] == [[1]] * len(readers)
    for reader in readers:
        await reader.finish()


def test_a_buffer_is_full_until_its_chunk_is_taken():
    buffer = ChunkBuffer()
    buffer.write_body(b"")
    assert not buffer.full
    buffer.write_body(b"a")
    assert buffer.full
    assert (buffer.take(), buffer.full) == (b"a", False)
