"""Commands: what a client asks for, decoded from the text of a frame."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from realtime.errors import Refused

CID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
SURROGATE = re.compile("[\ud800-\udfff]")
MAX_HISTORY = 100  # entries in one page
MAX_TIMESTAMP = 1e18
# JavaScript represents integers exactly up to here; every database stores them.
MAX_SEQ = 2**53 - 1
MAX_ECHO = 64  # characters of a field that an error repeats


class FrameError(Refused):
    """A frame that is not a command. `cid` and `room` are those of the frame, if it had them."""

    def __init__(
        self, code: str, message: str | None = None, frame: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(code, message)
        frame = frame or {}
        self.cid = _repeatable(frame.get("cid"))
        self.room = _repeatable(frame.get("room"))


@dataclass(frozen=True, slots=True)
class Join:
    """Follow a room from a cursor; None: from its newest entries. The cursor stays text here: one
    that is malformed resets the reader and is not an error."""

    room: str
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Leave:
    """Stop following a room."""

    room: str


@dataclass(frozen=True, slots=True)
class Say:
    """Add a message to a room's log."""

    room: str
    cid: str
    body: str
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the body of a message."""

    room: str
    cid: str
    ref: int
    body: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a message."""

    room: str
    cid: str
    ref: int


@dataclass(frozen=True, slots=True)
class History:
    """Read the entries before a seq."""

    room: str
    before: int
    limit: int


@dataclass(frozen=True, slots=True)
class Typing:
    """Show the others that this member is typing."""

    room: str


@dataclass(frozen=True, slots=True)
class Read:
    """Store how far this member has read."""

    room: str
    seq: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask for a pong."""

    ts: float | int


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to the server's ping."""


WriteCommand = Say | Edit | Delete
Command = Join | Leave | WriteCommand | History | Typing | Read | Ping | Pong


def decode(text: str, room: str | None = None) -> Command:
    """Decodes a frame. `room` is used if the frame names none. Raises FrameError."""
    try:
        frame = _decoder.decode(text)
    except (ValueError, RecursionError):
        raise FrameError("bad_frame") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise FrameError("bad_frame", "A frame is a JSON object with a type.")
    if room is not None:
        frame.setdefault("room", room)
    if (read := COMMANDS.get(frame["type"])) is None:
        raise FrameError("unknown_type", frame=frame)
    return read(Fields(frame))


class Fields:
    """The fields of a frame. Each method checks the type of one field and raises FrameError."""

    def __init__(self, frame: Mapping[str, Any]) -> None:
        self.frame = frame

    def text(self, name: str) -> str:
        value = self.frame.get(name)
        if not isinstance(value, str) or not _is_valid_unicode(value):
            raise self.error(f"{name} is a string of valid Unicode.")
        return value

    def optional_text(self, name: str) -> str | None:
        return None if self.frame.get(name) is None else self.text(name)

    def seq(self, name: str, *, minimum: int = 1) -> int:
        value = self.frame.get(name)
        if type(value) is not int or not minimum <= value <= MAX_SEQ:
            raise self.error(f"{name} is a whole number from {minimum}.")
        return value

    def optional_seq(self, name: str) -> int | None:
        return None if self.frame.get(name) is None else self.seq(name)

    def cid(self) -> str:
        value = self.text("cid")
        if not CID.fullmatch(value):
            raise self.error("cid is 1 to 64 of A-Z a-z 0-9 _ . : -")
        return value

    def limit(self) -> int:
        value = self.optional_seq("limit") or MAX_HISTORY
        if value > MAX_HISTORY:
            raise self.error(f"limit is at most {MAX_HISTORY}.")
        return value

    def timestamp(self) -> float | int:
        value = self.frame.get("ts")
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and abs(value) < MAX_TIMESTAMP
        ):
            return value
        raise self.error("ts is a number.")

    def error(self, message: str) -> FrameError:
        return FrameError("bad_frame", message, self.frame)


COMMANDS: Mapping[str, Callable[[Fields], Command]] = {
    "join": lambda f: Join(f.text("room"), f.optional_text("cursor")),
    "leave": lambda f: Leave(f.text("room")),
    "say": lambda f: Say(f.text("room"), f.cid(), f.text("body"), f.optional_seq("reply_to")),
    "edit": lambda f: Edit(f.text("room"), f.cid(), f.seq("ref"), f.text("body")),
    "delete": lambda f: Delete(f.text("room"), f.cid(), f.seq("ref")),
    "history": lambda f: History(f.text("room"), f.seq("before"), f.limit()),
    "typing": lambda f: Typing(f.text("room")),
    "read": lambda f: Read(f.text("room"), f.seq("seq", minimum=0)),
    "ping": lambda f: Ping(f.timestamp()),
    "pong": lambda f: Pong(),
}


def _repeatable(value: object) -> str | None:
    """A field that an error repeats to the sender; None if it is not a short valid string."""
    if isinstance(value, str) and len(value) <= MAX_ECHO and _is_valid_unicode(value):
        return value
    return None


def _is_valid_unicode(text: str) -> bool:
    """Whether UTF-8 can encode the text: JSON escapes can express half a surrogate pair."""
    return SURROGATE.search(text) is None


def _reject_constant(name: str) -> None:
    # Python reads NaN and Infinity, which are not JSON (RFC 8259, section 6).
    raise ValueError(name)


# Made once: `json.loads` with an option makes a decoder on each call.
_decoder = json.JSONDecoder(parse_constant=_reject_constant)
