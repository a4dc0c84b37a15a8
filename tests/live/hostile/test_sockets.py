"""Hostile WebSocket clients: malformed frames, floods and silence."""

import asyncio

from tests.live.hostile.raw import BINARY, CLOSE, PING, TEXT, frame, handshake, memory

GROWTH = 16 * 1024 * 1024
FLOOD = 32_000_000  # bytes
SILENT = frame(CLOSE, b"\x11\x38", masked=False)  # 4408
MALFORMED = [
    frame(TEXT, b"{}", reserved=4),  # the bit for compression
    frame(TEXT, b"{}", reserved=1),
    frame(TEXT, b"{}", masked=False),
    frame(TEXT, b"\xff\xfe"),
    frame(TEXT, b"\xed\xa0\x80"),  # a surrogate
    frame(TEXT, b"{}", length=2**63 - 1),
    frame(TEXT, b"{}", length=2**64 - 1),
    frame(TEXT, b"{}", length=100_000),
    frame(TEXT, b"x" * 100_000),
    frame(BINARY, b"{}"),
    frame(0, b"{}"),  # continues no message
    frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"),
    frame(TEXT, b"\xe4", fin=False) + frame(0, b"\xe4"),
    frame(TEXT, b"{", fin=False) + frame(0, fin=False) * 20_000,
    frame(TEXT, b"{", fin=False) + frame(0, b" ", fin=False) * 20_000,
    frame(3, b"{}"),
    frame(15, b"{}"),
    frame(PING, b"x" * 126),
    frame(PING, b"x", fin=False),
    frame(CLOSE, b"x"),
    frame(CLOSE, b"\x00\x01"),
    frame(CLOSE, b"\x03\xe8\xff\xfe"),
    frame(CLOSE, b"\x03\xe8" + b"x" * 124),
    b"GET / HTTP/1.1\r\n\r\n" * 100,
    bytes(range(256)) * 100,
]


async def test_a_malformed_frame_closes_the_socket(worker):
    async def try_one(sent):
        client = await handshake(worker)
        client.send(sent)
        # The server closes it at once, and not later because of silence.
        assert SILENT not in await client.rest()

    await asyncio.gather(*map(try_one, MALFORMED))


async def test_a_socket_whose_client_does_not_answer_is_closed(worker):
    gone = await handshake(worker)  # answers neither pings nor the close
    assert SILENT in await gone.rest()


async def test_compression_is_never_accepted(worker):
    offered = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    client = await handshake(worker, headers=offered)
    assert b"extensions" not in client.answer.lower()
    client.close()


async def flood(worker, client, piece, limit):
    """Sends without reading, until the server stops reading or closes. Returns the sent bytes."""
    sent = 0
    try:
        while sent < limit:
            client.send(piece)
            sent += len(piece)
            async with asyncio.timeout(5):
                await client.writer.drain()
    except (TimeoutError, OSError):
        pass
    return sent


async def test_a_client_that_floods_and_does_not_read_costs_no_memory(worker):
    for message in (
        frame(PING, b"x" * 100),
        frame(TEXT, b'{"type":"ping","ts":1}'),
        frame(TEXT, b'{"type":"history","room":"lobby","before":9,"limit":100}'),
        frame(TEXT, b"nonsense" * 100),
    ):
        client = await handshake(worker)
        client.writer.transport.pause_reading()
        before = memory(worker)
        await flood(worker, client, message * (1 + 65_536 // len(message)), FLOOD)
        assert memory(worker) - before < GROWTH
        client.close()
