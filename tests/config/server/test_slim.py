import sys

from config.server.protocols import Socket, WebSocketFactory
from config.server.slim import HANDSHAKE_DONE, UsualSocket, lighten


class Talkative:
    closed = False
    reason = None

    def __init__(self):
        self.closed, self.reason = False, None
        self.request, self.name = "GET /", "ann"


def test_what_is_done_with_goes_and_what_the_class_says_too():
    one = Talkative()
    lighten(one, {"request"})
    assert vars(one) == {"name": "ann"}
    assert (one.closed, one.reason, hasattr(one, "request")) == (False, None, False)


def test_what_is_not_as_usual_stays():
    one = Talkative()
    one.closed = True
    lighten(one, {"request"})
    assert vars(one) == {"name": "ann", "closed": True}


def test_the_place_is_given_back():
    one = Talkative()
    for number in range(100):
        setattr(one, f"header{number}", number)
    before = sys.getsizeof(vars(one))
    lighten(one, {f"header{number}" for number in range(100)})
    assert sys.getsizeof(vars(one)) < before / 4


def test_a_socket_has_all_of_that_and_its_options_are_those_of_the_factory():
    factory = WebSocketFactory(None)
    factory.setProtocolOptions(maxFramePayloadSize=1234)
    socket = factory.buildProtocol(None)
    socket.peer = "tcp4:127.0.0.1:1"
    socket._connectionMade()
    assert socket.maxFramePayloadSize == 1234
    assert socket.perMessageCompressionAccept([]) is None  # and is given no socket besides
    assert "maxFramePayloadSize" not in vars(socket)
    # Nothing is named that autobahn does not know.
    set_later = {"inside_message", "current_frame"}
    usual = {name for name in vars(UsualSocket) if name == "_perMessageCompress" or name[0] != "_"}
    assert usual - set_later <= vars(socket).keys()
    assert "send_queue" in HANDSHAKE_DONE
    assert isinstance(socket, Socket)
