"""What a connection does not keep in memory."""

import tracemalloc

from config.server.slim import UNUSED_AFTER_HANDSHAKE, SharedDefaults, strip
from config.server.websocket import WebSocketFactory, WebSocketProtocol


class Connection:
    closed = False
    reason = None

    def __init__(self):
        self.closed, self.reason = False, None
        self.request, self.name = "GET /", "ann"


def test_unused_attributes_and_defaults_are_deleted():
    one = Connection()
    strip(one, {"request"})
    assert vars(one) == {"name": "ann"}
    assert (one.closed, one.reason, hasattr(one, "request")) == (False, None, False)


def test_a_value_that_is_not_the_default_stays():
    one = Connection()
    one.closed = True
    strip(one, {"request"})
    assert vars(one) == {"name": "ann", "closed": True}


def test_stripped_connections_take_less_memory():
    names = {f"header{number}" for number in range(100)}
    tracemalloc.start()
    connections = []
    for _ in range(100):
        connections.append(Connection())
        for name in names:
            setattr(connections[-1], name, None)
    before, _ = tracemalloc.get_traced_memory()
    for connection in connections:
        strip(connection, names)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after < before / 2


def test_a_websocket_has_the_shared_defaults_and_the_options_of_its_factory():
    factory = WebSocketFactory(None)
    factory.setProtocolOptions(maxFramePayloadSize=1234)
    socket = factory.buildProtocol(None)
    socket.peer = "tcp4:127.0.0.1:1"
    socket._connectionMade()
    assert socket.maxFramePayloadSize == 1234
    assert socket.perMessageCompressionAccept([]) is None  # static: not passed self
    assert "maxFramePayloadSize" not in vars(socket)
    # Autobahn sets every attribute that has a shared default.
    set_later = {"inside_message", "current_frame"}
    defaults = {
        name for name in vars(SharedDefaults) if name == "_perMessageCompress" or name[0] != "_"
    }
    assert defaults - set_later <= vars(socket).keys()
    assert "send_queue" in UNUSED_AFTER_HANDSHAKE
    assert isinstance(socket, WebSocketProtocol)
