"""Why the server refuses something: one table for all transports.

docs/protocol.md lists the same values under "Errors" and "Close codes"; a test compares them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


class CloseCode:
    """WebSocket close codes. 1012 is registered with IANA; 4000 to 4999 are for private use
    (RFC 6455, section 7.4.2)."""

    RESTART: Final = 1012
    BAD_FRAME: Final = 4400
    SESSION_ENDED: Final = 4401
    FORBIDDEN: Final = 4403
    NOT_FOUND: Final = 4404
    SILENT: Final = 4408
    TRY_LATER: Final = 4429


@dataclass(frozen=True, slots=True)
class Error:
    """How each transport expresses one reason for a refusal."""

    wire_code: str  # of an `error` frame or body; `reason` of a `bye` frame
    status: int  # HTTP
    close_code: int  # of a WebSocket that is closed for this reason
    message: str  # if `Refused` is raised without one


# By the code with which `Refused` is raised.
ERRORS: Mapping[str, Error] = {
    "bad_frame": Error("bad_frame", 400, CloseCode.BAD_FRAME, "A frame is one JSON object."),
    "unknown_type": Error(
        "unknown_type", 400, CloseCode.BAD_FRAME, "There is no such type of frame."
    ),
    "bad_request": Error("bad_request", 400, CloseCode.BAD_FRAME, "The request is not valid."),
    "bad_name": Error("bad_name", 400, CloseCode.BAD_FRAME, "This name cannot be used."),
    "session_ended": Error("forbidden", 401, CloseCode.SESSION_ENDED, "Your session has ended."),
    "forbidden": Error("forbidden", 403, CloseCode.FORBIDDEN, "This is not allowed."),
    "not_found": Error("not_found", 404, CloseCode.NOT_FOUND, "This does not exist."),
    "cid_conflict": Error(
        "cid_conflict", 409, CloseCode.BAD_FRAME, "This cid belongs to another message."
    ),
    "gone": Error("gone", 410, CloseCode.NOT_FOUND, "This no longer exists."),
    "too_long": Error("too_long", 413, CloseCode.BAD_FRAME, "This is too long."),
    "rate_limited": Error("rate_limited", 429, CloseCode.TRY_LATER, "This came too often."),
    "internal": Error("internal", 503, CloseCode.TRY_LATER, "The log cannot be reached just now."),
    # Event streams answer these two with 200 and `retry`: EventSource gives up on any other status.
    "busy": Error("busy", 200, CloseCode.TRY_LATER, "The server is busy."),
    "restart": Error("restart", 200, CloseCode.RESTART, "The server restarts."),
}

RETRY_MS = 1_000  # after a failure of the database


class Refused(Exception):
    """The server does not do what the client asks, or not now.

    `code` is a key of `ERRORS`; `message` is the sentence for the user; `retry_after_ms` is the
    time after which the same request may succeed.
    """

    def __init__(
        self, code: str, message: str | None = None, retry_after_ms: int | None = None
    ) -> None:
        self.code = code
        self.error = ERRORS[code]
        self.message = self.error.message if message is None else message
        self.retry_after_ms = retry_after_ms
        super().__init__(self.message)

    def body(self, cid: str | None = None, room: str | None = None) -> dict[str, object]:
        """The fields of the `error` that is sent for this; fields without a value are left out."""
        fields = {
            "type": "error",
            "code": self.error.wire_code,
            "message": self.message,
            "cid": cid,
            "room": room,
            "retry_after_ms": self.retry_after_ms,
        }
        return {name: value for name, value in fields.items() if value is not None}


def unavailable() -> Refused:
    """The refusal while the database cannot be reached."""
    return Refused("internal", retry_after_ms=RETRY_MS)
