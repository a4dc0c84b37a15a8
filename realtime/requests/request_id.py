"""The id of the request or socket that runs now. nginx gives it (X-Request-ID), and log lines and
the response carry it, so that the lines of one request can be found on every machine."""

import re
import secrets
from collections.abc import Iterable
from contextvars import ContextVar

HEADER = b"x-request-id"
# nginx writes 32 hexadecimal digits, others write UUIDs. Nothing else goes into a log.
FORM = re.compile(rb"[0-9A-Za-z_-]{8,64}")

# "" outside of requests, as in background tasks.
current_id: ContextVar[str] = ContextVar("request_id", default="")


def find_or_make(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The id in the headers of a request, or a new one if there is none or it is malformed. The
    server must have removed the header of a client that it does not trust."""
    for name, value in headers:
        if name == HEADER and FORM.fullmatch(value):
            return value.decode()
    return secrets.token_hex(16)
