"""Transports that write immediately."""

import socket

import pytest
from twisted.internet.main import CONNECTION_LOST

from config.server.backpressure import STUCK_SECONDS
from config.server.transport import ImmediateTCP, ImmediateWriteMixin, configure_port


class Buffered:
    """A transport as Twisted's: it buffers in two places, and the next iteration of the event loop
    sends."""

    connected = True

    def __init__(self):
        self.dataBuffer, self._tempDataBuffer = b"", []

    def write(self, data):
        self._tempDataBuffer.append(data)

    def move(self):
        """Moves what was written last to what is sent first, as the event loop does."""
        self.dataBuffer, self._tempDataBuffer = self.buffered, []

    @property
    def buffered(self):
        return self.dataBuffer + b"".join(self._tempDataBuffer)


class Connection(ImmediateWriteMixin, Buffered):
    """A connection whose socket accepts so many bytes, or fails with an error."""

    def __init__(self, accepts):
        super().__init__()
        self.accepts = accepts
        self.sent = b""

    def writeSomeData(self, data):
        if isinstance(self.accepts, int):
            self.sent += data[: self.accepts]
            return min(self.accepts, len(data))
        return self.accepts


@pytest.mark.parametrize(
    ("accepts", "sent", "buffered"),
    [
        (9, b"abcd", b""),
        (4, b"abcd", b""),
        (3, b"abc", b"d"),
        (0, b"", b"abcd"),
        (OSError(), b"", b"abcd"),  # the reactor then meets the same error
    ],
)
def test_what_the_socket_accepts_is_written_immediately(accepts, sent, buffered):
    connection = Connection(accepts)
    connection.writeSequence([b"ab", b"cd"])
    assert (connection.sent, connection.buffered) == (sent, buffered)
    assert connection.unflushed == bool(buffered)


@pytest.mark.parametrize("moved", [False, True])
def test_nothing_overtakes_what_is_buffered(moved):
    connection = Connection(0)
    connection.write(b"first")
    if moved:
        connection.move()
    connection.accepts = 9
    connection.write(b"second")
    assert (connection.sent, connection.buffered) == (b"", b"firstsecond")


def test_nothing_is_written_to_a_closed_connection():
    connection = Connection(9)
    connection.connected = False
    connection.write(b"abcd")
    assert (connection.sent, connection.unflushed) == (b"", False)


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    connection = ImmediateTCP.__new__(ImmediateTCP)
    connection.socket = ours
    with ours, theirs:
        yield connection, theirs


def test_a_full_socket_accepts_nothing(pair):
    connection, theirs = pair
    assert connection.writeSomeData(b"abcd") == 4
    assert theirs.recv(9) == b"abcd"
    while connection.writeSomeData(b"x" * 100_000):
        pass
    assert connection.writeSomeData(b"x") == 0


def test_a_write_to_a_closed_connection_is_an_error_of_twisted(pair):
    connection, theirs = pair
    theirs.close()
    assert connection.writeSomeData(b"x") is CONNECTION_LOST


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
def test_the_kernel_drops_a_client_that_has_vanished():
    class Port:
        socket = socket.create_server(("127.0.0.1", 0))

    configure_port(Port)
    with Port.socket, socket.create_connection(Port.socket.getsockname()):
        accepted, _ = Port.socket.accept()
        with accepted:
            milliseconds = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert milliseconds == 2 * STUCK_SECONDS * 1000


def test_a_closed_connection_has_only_its_buffer_in_flight():
    connection = Connection(0)
    connection.offset, connection._tempDataLen = 0, 0
    connection.fileno = lambda: -1
    connection.dataBuffer = b"abc"
    assert connection.bytes_in_flight == 3
