"""How bytes leave a connection, and come."""

import asyncio
import socket

import pytest
from twisted.internet.main import CONNECTION_LOST

from config.server.backpressure import WAITING_MOST, BoundedInbox, Eager, EagerTCP, Inbox


class Queued:
    """What a transport of Twisted does: it queues, and a turn of its loop sends."""

    connected = True
    dataBuffer = b""

    def __init__(self):
        self._tempDataBuffer = []

    def write(self, data):
        self._tempDataBuffer.append(data)


class Connection(Eager, Queued):
    """A connection whose socket takes so many bytes, or fails."""

    def __init__(self, takes):
        super().__init__()
        self.takes = takes
        self.sent = b""

    def writeSomeData(self, data):
        if isinstance(self.takes, int):
            self.sent += data[: self.takes]
            return min(self.takes, len(data))
        return self.takes


@pytest.mark.parametrize(
    ("takes", "sent", "queued"),
    [
        (9, b"abcd", []),
        (4, b"abcd", []),
        (3, b"abc", [b"d"]),
        (0, b"", [b"abcd"]),
        (OSError(), b"", [b"abcd"]),  # whereupon the reactor finds the error too
    ],
)
def test_what_the_socket_takes_is_sent_at_once(takes, sent, queued):
    connection = Connection(takes)
    connection.writeSequence([b"ab", b"cd"])
    assert (connection.sent, connection._tempDataBuffer) == (sent, queued)
    assert connection.unsent == bool(queued)


@pytest.mark.parametrize("buffer", ["dataBuffer", "_tempDataBuffer"])
def test_nothing_overtakes_what_waits(buffer):
    connection = Connection(9)
    setattr(connection, buffer, type(getattr(connection, buffer))([120]))
    connection.write(b"abcd")
    assert connection.sent == b""
    assert connection._tempDataBuffer[-1:] == [b"abcd"]


def test_nothing_is_sent_when_the_connection_is_gone():
    connection = Connection(9)
    connection.connected = False
    connection.write(b"abcd")
    assert (connection.sent, connection.unsent) == (b"", False)


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    connection = EagerTCP.__new__(EagerTCP)
    connection.socket = ours
    with ours, theirs:
        yield connection, theirs


def test_the_kernel_takes_what_it_can_and_then_nothing(pair):
    connection, theirs = pair
    assert connection.writeSomeData(b"abcd") == 4
    assert theirs.recv(9) == b"abcd"
    while connection.writeSomeData(b"x" * 100_000):
        pass
    assert connection.writeSomeData(b"x") == 0


def test_a_connection_that_is_gone_is_lost(pair):
    connection, theirs = pair
    theirs.close()
    assert connection.writeSomeData(b"x") is CONNECTION_LOST


# ---- What comes ----


class Pausing:
    """A connection that can be told to read no more."""

    connected = True

    def __init__(self):
        self.transport = self
        self.told = []

    def pauseProducing(self):
        self.told.append("pause")

    def resumeProducing(self):
        self.told.append("resume")


def frame(number):
    return {"type": "websocket.receive", "text": str(number)}


async def test_events_are_given_in_their_order_as_soon_as_they_come():
    inbox = Inbox()
    waiting = asyncio.ensure_future(inbox.get())
    await asyncio.sleep(0)
    inbox.put_nowait(frame(1))
    inbox.put_nowait(frame(2))
    assert [await waiting, await inbox.get()] == [frame(1), frame(2)]


async def test_whoever_stops_waiting_takes_nothing_away():
    inbox = Inbox()
    waiting = asyncio.ensure_future(inbox.get())
    await asyncio.sleep(0)
    inbox.put_nowait(frame(1))
    waiting.cancel()
    await asyncio.wait([waiting])
    assert await inbox.get() == frame(1)


async def test_that_the_client_has_left_is_told_to_everybody():
    inbox = Inbox()
    inbox.put_nowait(frame(1))
    inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})
    told = [(await inbox.get())["type"] for _ in range(3)]
    assert told == ["websocket.receive", "websocket.disconnect", "websocket.disconnect"]


async def test_nothing_is_read_while_many_wait():
    connection = Pausing()
    inbox = BoundedInbox(connection)
    for number in range(WAITING_MOST + 5):
        inbox.put_nowait(frame(number))
    assert connection.told == ["pause"]
    for number in range(WAITING_MOST + 5):
        assert await inbox.get() == frame(number)
    assert connection.told == ["pause", "resume"]
