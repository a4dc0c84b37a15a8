import pytest
from channels.testing import WebsocketCommunicator

from chat.identity.origin import canonical, is_allowed, own_origin
from chat.routing import websocket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://a.example", ("https", "a.example", 443)),
        ("http://a.example", ("http", "a.example", 80)),
        ("http://A.example:80", ("http", "a.example", 80)),
        ("http://[::1]:8000", ("http", "::1", 8000)),
        ("null", None),
        ("", None),
        ("a.example", None),
        ("https://", None),
        ("https://a.example/path", None),
        ("https://a.example:x", None),
        ("file://", None),
    ],
)
def test_canonical_returns_scheme_host_and_port(origin, expected):
    assert canonical(origin) == expected


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://site.example", True),
        ("http://site.example:80", True),
        ("https://friend.example", True),
        ("https://site.example", False),  # scheme
        ("http://site.example:8080", False),  # port
        ("http://evil.site.example", False),
        ("http://site.example.evil.example", False),
        ("https://friend.example:444", False),
        ("http://localhost:3000", False),
        ("null", False),
        ("", False),
    ],
)
def test_is_allowed_compares_scheme_host_and_port(origin, allowed):
    assert is_allowed(origin, "http://site.example", ["https://friend.example"]) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:3000", True),
        ("http://127.0.0.1:1", True),
        ("http://[::1]:5173", True),
        ("http://localhost", True),
        ("http://localhost.evil.example", False),
        ("http://evil.example:3000", False),
    ],
)
def test_with_debug_every_port_of_localhost_is_allowed(settings, origin, allowed):
    settings.DEBUG = True
    assert is_allowed(origin, "http://localhost:8000", []) is allowed


def test_a_host_that_is_not_allowed_has_no_origin():
    """DNS rebinding: the attacker's name resolves to our address, so Origin and Host agree."""
    assert own_origin({"host": "testserver:8000"}, "ws") == "http://testserver:8000"
    assert own_origin({"host": "testserver"}, "wss") == "https://testserver"
    assert own_origin({"host": "evil.example"}, "ws") == ""
    assert own_origin({}, "ws") == ""
    assert not is_allowed("http://evil.example", "", [])


def test_the_proxy_header_decides_the_scheme(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {"host": "testserver", "x-forwarded-proto": "https"}
    assert own_origin(headers, "ws") == "https://testserver"
    assert own_origin({"host": "testserver"}, "ws") == "http://testserver"


async def handshake(**headers):
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    socket = WebsocketCommunicator(websocket, "/ws/chat/", sent)
    connected, _ = await socket.connect()
    await socket.disconnect()
    return connected


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://testserver", True),
        ("https://friend.example", True),
        ("http://evil.example", False),
        ("http://testserver:81", False),
        ("null", False),
    ],
)
async def test_a_handshake_from_a_page_needs_an_allowed_origin(origin, allowed, caplog):
    assert await handshake(host="testserver", origin=origin) is allowed
    assert ("refused: origin" in caplog.text) is not allowed


async def test_a_handshake_without_an_origin_is_accepted():
    assert await handshake(host="testserver")
