"""What a WebSocket sends and receives, frame by frame: bytes in, bytes out."""

from types import SimpleNamespace

import pytest
from autobahn.websocket.protocol import WebSocketProtocol

from config.server.websocket import MAX_FRAGMENTS, MAX_PIECES, WebSocketFactory
from tests.live.hostile.raw import BINARY, TEXT, frame

FIN_TEXT, FIN_BINARY = b"\x81", b"\x82"


class Transport:
    """Records what is written, and whether the connection was aborted."""

    def __init__(self):
        self.written = b""
        self.aborted = False

    def write(self, data):
        self.written += data

    def unregisterProducer(self):
        pass

    def abortConnection(self):
        self.aborted = True


@pytest.fixture
def socket():
    """An open socket whose messages are collected in `received`."""
    factory = WebSocketFactory(None)
    factory.setProtocolOptions(maxFramePayloadSize=100_000, maxMessagePayloadSize=100_000)
    made = factory.buildProtocol(None)
    made.peer = "tcp4:127.0.0.1:1"
    made._connectionMade()
    made.transport = Transport()
    made.write_gate = SimpleNamespace(paused=False)
    made.client_addr = ["127.0.0.1", 1]
    made.websocket_version = 13
    made.state = WebSocketProtocol.STATE_OPEN
    made._perMessageCompress = None
    made.received = []
    made._onMessage = lambda payload, binary: made.received.append(payload)
    return made


def deliver(socket, data, size):
    """Give the socket bytes in pieces of `size`, as TCP might."""
    for start in range(0, len(data), size):
        socket._dataReceived(data[start : start + size])


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ({"text": ""}, FIN_TEXT + b"\x00"),
        ({"bytes": b""}, FIN_BINARY + b"\x00"),
        ({"text": "", "bytes": None}, FIN_TEXT + b"\x00"),
        ({"text": None, "bytes": b""}, FIN_BINARY + b"\x00"),
        ({"text": "a"}, FIN_TEXT + b"\x01a"),
        ({"bytes": b"a"}, FIN_BINARY + b"\x01a"),
        ({"text": "", "bytes": b"a"}, FIN_BINARY + b"\x01a"),
    ],
)
def test_an_empty_message_is_sent_like_any_other(socket, message, sent):
    socket.handle_reply({"type": "websocket.send", **message})
    assert socket.transport.written == sent


def test_other_events_send_no_empty_message(socket):
    socket.handle_reply({"type": "websocket.close", "code": 1000})
    assert socket.transport.written[:1] == b"\x88"  # a close frame, and only that


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_frame_that_arrives_in_many_pieces_is_one_message(socket, size, opcode):
    body = b"0123456789" * 1_000
    deliver(socket, frame(opcode, body), size)
    assert socket.received == [body]
    assert not socket.transport.aborted


def test_the_pieces_of_a_frame_are_joined_when_they_are_many(socket):
    whole = frame(TEXT, b"x" * 5_000)
    deliver(socket, whole[:-1], 1)
    assert len(socket.frame_data) <= MAX_PIECES
    deliver(socket, whole[-1:], 1)
    assert socket.received == [b"x" * 5_000]


@pytest.mark.parametrize("payload", [b"", b" "])
@pytest.mark.parametrize("size", [3, 100_000])
def test_a_message_of_too_many_fragments_ends_the_connection(socket, payload, size):
    first = frame(TEXT, b"x", fin=False)
    more = frame(0, payload, fin=False)
    deliver(socket, first + more * (MAX_FRAGMENTS - 1), size)
    assert not socket.transport.aborted
    deliver(socket, more, size)
    assert socket.transport.aborted
    assert socket.received == []


def test_each_message_may_have_as_many_fragments_as_the_last(socket):
    one = frame(TEXT, b"x", fin=False) + frame(0, b"y", fin=False) * 600 + frame(0, b"z")
    deliver(socket, one * 3, 100_000)
    assert socket.received == [b"x" + b"y" * 600 + b"z"] * 3
