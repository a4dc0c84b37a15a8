"""The access log, and how log lines name a client."""

import io
import json
import logging
from types import SimpleNamespace

import pytest

from config.logs import JsonFormatter
from config.server.access_log import AccessLog, client_name, without_people
from realtime.requests.request_id import current_id

HTTP = {
    "path": "/api/rooms/lobby/entries?cursor=secret",
    "status": 200,
    "method": "GET",
    "client": "203.0.113.7:5",
    "time_taken": 0.01234,
    "size": 512,
}
SOCKET = {"path": "/ws/chat/", "client": "203.0.113.7:5"}


@pytest.fixture
def written(monkeypatch):
    """Writes an action of Daphne into an access log; returns its line."""
    logger = logging.getLogger("config.server.access")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", False)

    def write(protocol, action, details, formatter=None):
        log, stream = AccessLog(io.StringIO()), io.StringIO()
        (handler,) = logger.handlers
        handler.setStream(stream)
        handler.setFormatter(formatter)
        log(protocol, action, details)
        return stream.getvalue().rstrip("\n")

    return write


def test_a_response_is_logged_without_address_and_query(written):
    line = written("http", "complete", without_people(HTTP))
    assert line == "GET /api/rooms/lobby/entries 200 512 bytes 0.0123 s"


def test_addresses_and_queries_are_logged_if_asked_for(written, settings):
    settings.LOG_ADDRESSES = True
    line = written("http", "complete", HTTP)
    assert line == (
        "203.0.113.7:5 GET /api/rooms/lobby/entries?cursor=secret 200 512 bytes 0.0123 s"
    )


def test_a_socket_is_logged(written):
    assert written("websocket", "connected", without_people(SOCKET)) == "WSCONNECT /ws/chat/"


def test_a_line_of_json_has_a_field_for_each_figure(written):
    token = current_id.set("0123456789")
    line = json.loads(written("http", "complete", without_people(HTTP), JsonFormatter()))
    current_id.reset(token)
    del line["time"], line["message"]
    assert line == {
        "level": "INFO",
        "logger": "config.server.access",
        "request_id": "0123456789",
        "path": "/api/rooms/lobby/entries",
        "method": "GET",
        "status": 200,
        "bytes": 512,
        "seconds": 0.0123,
    }


def test_a_client_is_named_by_its_request_or_if_asked_for_by_its_address(settings):
    connection = SimpleNamespace(client_addr=["203.0.113.7", 5], request_id="0123456789")
    assert client_name(connection) == "request 0123456789"
    settings.LOG_ADDRESSES = True
    assert client_name(connection) == "203.0.113.7:5"
    connection.client_addr = None  # a unix socket
    assert client_name(connection) == "request 0123456789"
