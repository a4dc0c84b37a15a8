"""What `config.server` changes or leans on in other people's code. Gone, it would be passed over in
silence, and hosted without a protection; so the start is refused."""

from importlib.metadata import version
from typing import Any

import daphne
import daphne.server
import twisted
from autobahn.websocket.protocol import WebSocketProtocol
from daphne.cli import CommandLineInterface
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory
from daphne.ws_protocol import WebSocketProtocol as Socket
from twisted.internet import tcp, unix
from twisted.web import http

DAPHNE = "4.2.3"

PARTS: list[tuple[Any, str]] = [
    (daphne.server, "HTTPFactory WebSocketFactory"),
    (
        daphne.server.Server,
        "run listen_success create_application handle_reply kill_all_applications"
        " application_checker timeout_checker",
    ),
    (CommandLineInterface, "server_class load_asgi_app run"),
    (HTTPFactory, "buildProtocol protocol log"),
    (WebRequest, "process handle_reply finish handle_exception check_timeouts basic_error"),
    (http.Request, "gotLength handleContentChunk registerProducer unregisterProducer"),
    (
        http.HTTPChannel,
        "resetTimeout setTimeout allContentReceived forceAbortClient loseConnection",
    ),
    (http, "_GenericHTTPChannelProtocol"),
    (
        Socket,
        "makeConnection onConnect succeedHandshake onClose onPing serverClose handle_exception"
        " check_timeouts CONFIG_ATTRS",
    ),
    (WebSocketFactory, "setProtocolOptions"),
    (WebSocketProtocol, "onMessageFrameEnd sendCloseFrame dropConnection STATE_OPEN"),
    (
        tcp.Server,
        "write writeSequence writeSomeData dataBuffer offset fileno registerProducer"
        " pauseProducing",
    ),
    (tcp.Port, "transport"),
    (unix.Port, "transport"),
]


def missing(parts: list[tuple[Any, str]]) -> list[str]:
    """Those that are not there, by their names."""
    return [
        ".".join([*filter(None, [getattr(owner, "__module__", ""), owner.__name__]), name])
        for owner, names in parts
        for name in names.split()
        if not hasattr(owner, name)
    ]


def check() -> None:
    """Ends the process with a sentence that names what is not as it has to be."""
    if daphne.__version__ != DAPHNE:
        raise SystemExit(
            f"config.server is written for Daphne {DAPHNE}, and this is {daphne.__version__}."
        )
    if gone := missing(PARTS):
        raise SystemExit(
            f"config.server changes {', '.join(gone)}, which Twisted {twisted.__version__} or "
            f"autobahn {version('autobahn')} does not have."
        )
