"""How bytes leave a connection."""

import socket

import pytest
from twisted.internet.main import CONNECTION_LOST

from config.flow import Eager, EagerTCP


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
