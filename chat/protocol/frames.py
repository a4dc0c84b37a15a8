"""Frames: what the server sends, encoded as text."""

import json
from collections.abc import Iterable, Mapping

from realtime.errors import Refused

VERSION = 1
SUBPROTOCOL = "twinstream.v1"


def encode(type: str, **fields: object) -> str:
    """A frame. Fields that are None are left out."""
    present = {name: value for name, value in fields.items() if value is not None}
    return dumps({"type": type, **present})


def dumps(value: object) -> str:
    """Compact JSON."""
    return _encoder.encode(value)


def error(refused: Refused, cid: str | None = None, room: str | None = None) -> str:
    """The frame for a refused command; `cid` and `room` are those of the command."""
    return dumps(refused.body(cid, room))


def events(room: str, cursor: str, entries: Iterable[str]) -> str:
    """The frame that carries encoded entries of a room."""
    return with_events({"type": "events", "room": room, "cursor": cursor}, entries)


def with_events(fields: Mapping[str, object], entries: Iterable[str]) -> str:
    """A JSON object with these fields and with `events`, a list of encoded entries."""
    return f'{dumps(fields)[:-1]},"events":[{",".join(entries)}]}}'


def page(room: str, before: int, entries: Iterable[str], *, more: bool) -> str:
    """The frame that answers `history` with encoded entries."""
    fields = {"type": "page", "room": room, "before": before}
    return f'{with_events(fields, entries)[:-1]},"more":{dumps(more)}}}'


# Made once: `json.dumps` with options makes an encoder on each call.
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
