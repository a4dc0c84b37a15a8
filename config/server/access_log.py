"""The access log: a line for each response and each change of a socket. Addresses and queries of
people are in it only with LOG_ADDRESSES."""

import logging
from typing import Any

from django.conf import settings

logger = logging.getLogger("config.server.access")

SOCKET_WORDS = {
    "connecting": "WSCONNECTING",
    "connected": "WSCONNECT",
    "rejected": "WSREJECT",
    "disconnected": "WSDISCONNECT",
}


def client_name(connection: Any) -> str:
    """How a log line names the client of a connection: its address if LOG_ADDRESSES is on,
    otherwise the id of its request."""
    if settings.LOG_ADDRESSES and connection.client_addr:
        return "{}:{}".format(*connection.client_addr)
    return f"request {connection.request_id}"


def without_people(details: dict[str, Any]) -> dict[str, Any]:
    """What Daphne reports of a request, without the address and the query."""
    return details | {"client": "-", "path": details["path"].partition("?")[0]}


class AccessLog:
    """Daphne's action logger. It replaces `daphne.access.AccessLogGenerator`, and writes in the
    format of the other log lines."""

    def __init__(self, stream: Any) -> None:
        handler = logging.StreamHandler(stream)
        if logging.root.handlers:
            handler.setFormatter(logging.root.handlers[0].formatter)
        logger.handlers = [handler]

    def __call__(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        """Writes the line of an action."""
        fields = {"path": details["path"]}
        if settings.LOG_ADDRESSES:
            fields["client"] = details["client"]
        if protocol == "http":
            fields |= {name: details[name] for name in ("method", "status")}
            fields |= {"bytes": details["size"], "seconds": round(details["time_taken"], 4)}
            line = "{method} {path} {status} {bytes} bytes {seconds} s".format(**fields)
        else:
            fields["action"] = SOCKET_WORDS[action]
            line = "{action} {path}".format(**fields)
        if settings.LOG_ADDRESSES:
            line = f"{details['client']} {line}"
        logger.info("%s", line, extra={"fields": fields})
