"""What crosses the wire, in both directions: text in, commands out; values in, text out."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

VERSION = 1
SUBPROTOCOL = "twinstream.v1"

CID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
SURROGATE = re.compile("[\ud800-\udfff]")
HISTORY_MOST = 100
TS_MOST = 1e18
# What JavaScript can hold exactly, and every database.
SEQ_MOST = 2**53 - 1


class FrameError(Exception):
    """A frame that is no command. Holds what the sender needs to know which and why."""

    def __init__(self, code: str, message: str, frame: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        frame = frame or {}
        self.cid = _echo(frame.get("cid"))
        self.room = _echo(frame.get("room"))


# ---- Commands ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Join:
    """Follow a room from a cursor; None: from its newest entries. A cursor that is none of
    ours stays text and leads nowhere, so that the reader is reset and not refused."""

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
    """Empty a message."""

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
    """Say that somebody is writing."""

    room: str


@dataclass(frozen=True, slots=True)
class Read:
    """Say how far one has read."""

    room: str
    seq: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask for a pong."""

    ts: float | int


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping."""


Write = Say | Edit | Delete
Command = Join | Leave | Write | History | Typing | Read | Ping | Pong


def decode(text: str, room: str | None = None) -> Command:
    """The command in a frame; `room` is that of a frame that names none. FrameError says what
    is wrong with it."""
    try:
        frame = _decoder.decode(text)
    except (ValueError, RecursionError):
        raise FrameError("bad_frame", "A frame is one JSON object.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise FrameError("bad_frame", "A frame is a JSON object with a type.")
    if room is not None:
        frame.setdefault("room", room)
    if (read := COMMANDS.get(frame["type"])) is None:
        raise FrameError("unknown_type", "There is no such type of frame.", frame)
    return read(Fields(frame))


class Fields:
    """The fields of a frame, each read as what it must be. FrameError if it is not."""

    def __init__(self, frame: Mapping[str, Any]) -> None:
        self.frame = frame

    def text(self, name: str) -> str:
        value = self.frame.get(name)
        if not isinstance(value, str) or not _encodable(value):
            raise self.bad(f"{name} is a string of valid Unicode.")
        return value

    def optional_text(self, name: str) -> str | None:
        return None if self.frame.get(name) is None else self.text(name)

    def seq(self, name: str, *, at_least: int = 1) -> int:
        value = self.frame.get(name)
        if type(value) is not int or not at_least <= value <= SEQ_MOST:
            raise self.bad(f"{name} is a whole number from {at_least}.")
        return value

    def optional_seq(self, name: str) -> int | None:
        return None if self.frame.get(name) is None else self.seq(name)

    def cid(self) -> str:
        value = self.text("cid")
        if not CID.fullmatch(value):
            raise self.bad("cid is 1 to 64 of A-Z a-z 0-9 _ . : -")
        return value

    def limit(self) -> int:
        value = self.optional_seq("limit") or HISTORY_MOST
        if value > HISTORY_MOST:
            raise self.bad(f"limit is at most {HISTORY_MOST}.")
        return value

    def ts(self) -> float | int:
        value = self.frame.get("ts")
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < TS_MOST:
            return value
        raise self.bad("ts is a number.")

    def bad(self, message: str) -> FrameError:
        return FrameError("bad_frame", message, self.frame)


COMMANDS: Mapping[str, Callable[[Fields], Command]] = {
    "join": lambda f: Join(f.text("room"), f.optional_text("cursor")),
    "leave": lambda f: Leave(f.text("room")),
    "say": lambda f: Say(f.text("room"), f.cid(), f.text("body"), f.optional_seq("reply_to")),
    "edit": lambda f: Edit(f.text("room"), f.cid(), f.seq("ref"), f.text("body")),
    "delete": lambda f: Delete(f.text("room"), f.cid(), f.seq("ref")),
    "history": lambda f: History(f.text("room"), f.seq("before"), f.limit()),
    "typing": lambda f: Typing(f.text("room")),
    "read": lambda f: Read(f.text("room"), f.seq("seq", at_least=0)),
    "ping": lambda f: Ping(f.ts()),
    "pong": lambda f: Pong(),
}


def _echo(value: object) -> str | None:
    """A field that goes back in an error: only what could have been meant, and never long."""
    return value if isinstance(value, str) and len(value) <= 64 and _encodable(value) else None


def _encodable(text: str) -> bool:
    """False for half a surrogate pair, which JSON can say and UTF-8 cannot."""
    return SURROGATE.search(text) is None


def _refuse_constant(name: str) -> None:
    # NaN and Infinity are no JSON (RFC 8259, section 6), though Python reads them.
    raise ValueError(name)


# One for all: `json.loads` and `json.dumps` with options make another each time.
_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# ---- What the server says ------------------------------------------------------------


def encode(type: str, **fields: object) -> str:
    """A frame. Fields that are None are left out."""
    present = {name: value for name, value in fields.items() if value is not None}
    return dumps({"type": type, **present})


def dumps(value: object) -> str:
    """Compact JSON."""
    return _encoder.encode(value)


def events(room: str, cursor: str, entries: Iterable[str]) -> str:
    """The frame in which entries arrive; they are encoded already."""
    return with_events({"type": "events", "room": room, "cursor": cursor}, entries)


def with_events(fields: Mapping[str, object], entries: Iterable[str]) -> str:
    """An object of these fields, and of `events` that are encoded already."""
    return f'{dumps(fields)[:-1]},"events":[{",".join(entries)}]}}'


def page(room: str, before: int, entries: Iterable[str], *, more: bool) -> str:
    """The frame that answers `history`; its entries are encoded already."""
    fields = {"type": "page", "room": room, "before": before}
    return f'{with_events(fields, entries)[:-1]},"more":{dumps(more)}}}'
