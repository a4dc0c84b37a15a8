"""The load generator counts deliveries, and notices each fault of a server."""

import asyncio
import itertools
import re
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import serve

from benchmarks.compare import load

CYCLE = "abcdefgh"
ROOM = {"path": "/", "dialect": "text", "connections": 2, "talkers": 1, "warmup": 0}
STREAM = {"path": "/", "text": CYCLE, "connections": 1, "interval_ms": 20, "warmup": 0}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


async def measured(mode, port, **options):
    options = {"seconds": 0.3, "port": port} | options
    clock = itertools.count().__next__
    return await asyncio.to_thread(load.measure, mode, clock, 1, {0}, **options)


# ---- Rooms: one connection talks; the other receives what `fault` makes of each message ----


@asynccontextmanager
async def room(fault):
    """A broadcast server. Other sockets than the sender receive `fault(number, text)`."""
    sockets, numbers = set(), itertools.count()

    async def serve_socket(socket):
        sockets.add(socket)
        async for text in socket:
            for other in sockets:
                for each in [text] if other is socket else fault(next(numbers), text):
                    await other.send(each)

    async with serve(serve_socket, "127.0.0.1", 0, compression=None) as server:
        yield next(iter(server.sockets)).getsockname()[1]


def loses(number, text):
    return [] if number == 10 else [text]


def doubles(number, text):
    return [text, text] if number == 10 else [text]


def invents(number, text):
    return [text.replace(":0000:", ":0007:")] if number == 10 else [text]


def cuts(number, text):
    return [text[:-1]] if number == 10 else [text]


def reorders():
    delayed = []

    def fault(number, text):
        if number == 10:
            delayed.append(text)
            return []
        return [text, *(delayed.pop() for _ in delayed[:1])]

    return fault


async def test_rooms_counts_every_delivery():
    async with room(lambda number, text: [text]) as port:
        found = await measured("rooms", port, **ROOM)
    assert found["messages"] > 0
    assert found["delivered"] in range(2 * found["messages"] - 1, 2 * found["messages"] + 2)
    assert found["one_order"] is True
    assert found["server_seconds"] == 1
    assert 0 < found["p50_ms"] <= found["p99_ms"]


@pytest.mark.parametrize("fault", [loses, doubles, reorders()])
async def test_rooms_is_void_if_a_message_is_lost_doubled_or_reordered(fault):
    async with room(fault) as port:
        with pytest.raises(load.Void, match="lost, doubled or reordered"):
            await measured("rooms", port, **ROOM)


async def test_rooms_is_void_if_a_message_was_never_sent():
    async with room(invents) as port:
        with pytest.raises(load.Void, match="which does not exist"):
            await measured("rooms", port, **ROOM)


async def test_rooms_is_void_if_a_message_is_cut():
    async with room(cuts) as port:
        with pytest.raises(load.Void, match="is not complete"):
            await measured("rooms", port, **ROOM)


async def test_rooms_is_void_if_the_server_closes_a_socket():
    async with room(lambda number, text: 1 / 0) as port:
        with pytest.raises(load.Void, match="closed socket"):
            await measured("rooms", port, **ROOM)


async def test_rooms_is_void_if_no_server_listens():
    async with room(loses) as port:
        pass
    with pytest.raises(load.Void, match="refused"):
        await measured("rooms", port, **ROOM)


# ---- Streams ----


@asynccontextmanager
async def streaming(*pieces, pause=0.0, ends=False):
    """A server that sends these pieces, and then nothing more, or ends the connection."""

    answering = set()

    async def answer(reader, writer):
        answering.add(asyncio.current_task())
        try:
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(pause)
            if not ends:
                await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*answering, return_exceptions=True)  # their clients have left


def events(count, form="data: {}\n\n"):
    return [form.format(CYCLE[at % len(CYCLE)]).encode() for at in range(count)]


async def test_streams_counts_a_missing_event_as_late():
    async with streaming(HEAD + b"\r\n", *events(3), pause=0.02) as port:
        found = await measured("streams", port, **STREAM)
    assert found["due"] == 15
    assert found["due_share"] <= 0.3
    assert found["p99_late_ms"] > 1_000


async def test_streams_reads_events_in_any_pieces():
    dressed = "id: 7\r\nevent: message\r\ndata: {}\r\n\r\n"
    body = b": hello\r\n\r\nevent: meta\r\ndata: {}\r\n\r\n" + b"".join(events(9, dressed))
    bytewise = [b"1\r\n" + body[at : at + 1] + b"\r\n" for at in range(len(body))]
    async with streaming(HEAD + CHUNKED, *bytewise) as port:
        found = await measured("streams", port, **STREAM)
    assert found["read"] == 9


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (["data: a\n\n", "data: c\n\n"], "c came, and b was next"),
        (["data: a\n\n", "data: a\n\n"], "a came, and b was next"),
        (["data: ab\n\n"], "an event of 2 bytes"),
        (["data: ?\n\n"], "which is not in the text"),
        (["2\r\nhi\r\n0\r\n\r\n"], "has ended"),
    ],
)
async def test_streams_is_void_if_the_text_is_not_in_order(sent, reason):
    head = HEAD + (CHUNKED if "\r\n0" in sent[0] else b"\r\n")
    async with streaming(head, *(each.encode() for each in sent)) as port:
        with pytest.raises(load.Void, match=re.escape(reason)):
            await measured("streams", port, **STREAM)


# ---- Idle connections ----


async def test_idle_connections_stay_open_during_the_block():
    async with streaming(HEAD + b"\r\n", *events(1)) as port:

        def hold():
            with load.idle_connections(
                {0}, port=port, path="/", kind="stream", text=CYCLE, connections=3
            ):
                pass

        await asyncio.to_thread(hold)


async def test_idle_connections_is_void_if_one_ends():
    async with streaming(HEAD + b"\r\n", ends=True, pause=0.2) as port:

        def hold():
            with load.idle_connections(
                {0}, port=port, path="/", kind="stream", text=CYCLE, connections=1
            ) as running:
                running.wait(10)

        with pytest.raises(load.Void, match="the server ended connection 0"):
            await asyncio.to_thread(hold)
