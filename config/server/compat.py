"""Attributes of Daphne, Twisted and autobahn that `config.server` overrides or calls. If a release
drops one, our override silently stops working, so we refuse to start."""

import inspect
import logging
import re
from importlib.metadata import version
from typing import Any

import daphne
import daphne.access
import daphne.server
import twisted
from autobahn.websocket.protocol import WebSocketProtocol
from daphne.access import AccessLogGenerator
from daphne.cli import CommandLineInterface
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory
from daphne.ws_protocol import WebSocketProtocol as Socket
from twisted.internet import tcp, unix
from twisted.web import http

logger = logging.getLogger(__name__)

# The releases that the tests run with: those of requirements.txt.
TESTED_VERSIONS = {"Daphne": "4.2.3", "Twisted": "26.10.0", "autobahn": "26.10.2"}

PATCHED_ATTRIBUTES: list[tuple[Any, str]] = [
    (daphne.server, "HTTPFactory WebSocketFactory"),
    (
        daphne.server.Server,
        "run listen_success create_application handle_reply kill_all_applications"
        " application_checker timeout_checker log_action",
    ),
    (daphne.access, "AccessLogGenerator"),
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
        "makeConnection onConnect applicationCreateWorked succeedHandshake onClose onPing"
        " serverClose handle_exception check_timeouts handle_reply serverSend CONFIG_ATTRS",
    ),
    (WebSocketFactory, "setProtocolOptions"),
    (
        WebSocketProtocol,
        "onMessageFrameData onMessageFrameEnd sendCloseFrame dropConnection STATE_OPEN",
    ),
    (
        tcp.Server,
        "write writeSequence writeSomeData dataBuffer offset fileno registerProducer"
        " pauseProducing",
    ),
    (tcp.Port, "transport"),
    (unix.Port, "transport"),
]


# Attributes that exist on instances only: their classes assign them.
INSTANCE_ATTRIBUTES: list[tuple[type, str]] = [
    (WebSocketProtocol, "frame_data message_data failedByMe state"),
    (tcp.Server, "_tempDataBuffer _tempDataLen"),
    (WebRequest, "_response_started"),
    (AccessLogGenerator, "stream"),
]


def installed_versions() -> dict[str, str]:
    """The installed release of each package in TESTED_VERSIONS."""
    return {
        "Daphne": daphne.__version__,
        "Twisted": twisted.__version__,
        "autobahn": version("autobahn"),
    }


def missing(attributes: list[tuple[Any, str]]) -> list[str]:
    """The full names of the attributes that do not exist."""
    return [
        ".".join([*filter(None, [getattr(owner, "__module__", ""), owner.__name__]), name])
        for owner, names in attributes
        for name in names.split()
        if not hasattr(owner, name)
    ]


def missing_on_instances(attributes: list[tuple[type, str]]) -> list[str]:
    """The full names of the attributes that neither a class nor one of its bases assigns."""
    found = []
    for owner, names in attributes:
        source = "".join(map(inspect.getsource, owner.__mro__[:-1]))
        found += [
            f"{owner.__module__}.{owner.__name__}.{name}"
            for name in names.split()
            if not re.search(rf"\b{name}\b\s*[:=+]", source)
        ]
    return found


def untested(installed: dict[str, str]) -> list[str]:
    """The packages that are newer than the tested release, each with both versions."""
    return [
        f"{name} {installed[name]} (tested: {tested})"
        for name, tested in TESTED_VERSIONS.items()
        if numbers(installed[name]) > numbers(tested)
    ]


def numbers(release: str) -> list[int]:
    """The numbers of a version, by which two can be compared: [4, 2, 3] of "4.2.3"."""
    return [int(digits) for digits in re.findall(r"\d+", release)]


def check_versions() -> None:
    """SystemExit on an older Daphne, or if an attribute is missing; it says which."""
    installed = installed_versions()
    if numbers(installed["Daphne"]) < numbers(TESTED_VERSIONS["Daphne"]):
        raise SystemExit(
            f"config.server needs Daphne {TESTED_VERSIONS['Daphne']} or newer, and this is"
            f" {installed['Daphne']}."
        )
    if names := [*missing(PATCHED_ATTRIBUTES), *missing_on_instances(INSTANCE_ATTRIBUTES)]:
        releases = ", ".join(f"{name} {release}" for name, release in installed.items())
        raise SystemExit(
            f"config.server overrides {', '.join(names)}, which the installed releases do not"
            f" have: {releases}."
        )


def warn_if_untested() -> None:
    """Logs one warning if a package is newer than the release that the tests ran with."""
    if newer := untested(installed_versions()):
        logger.warning(
            "Untested releases: %s. All attributes that config.server overrides exist;"
            " run the tests before you host on them.",
            ", ".join(newer),
        )
