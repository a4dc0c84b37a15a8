"""The wire format of Server-Sent Events (HTML, section 9.2.5). Text in, bytes out."""

import re
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# The line ends of the format. str.splitlines() also breaks at U+2028, U+2029, U+0085 and others,
# which a client would then receive as line feeds.
LINE_END = re.compile(r"\r\n|\r|\n")
# In an id or a name, a line end would let its author add fields. A client ignores an id with NUL.
FORBIDDEN = re.compile(r"[\r\n\0]")
CURSOR = re.compile(r"([0-9]{1,18}):([0-9]{1,18}):([A-Za-z0-9_-]{1,64})")

TYPE = "text/event-stream"
HEADERS: Mapping[str, str] = {
    "Content-Type": TYPE,
    # no-transform: a proxy that compresses would delay events.
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


def event(data: str, *, id: str = "", name: str = "message") -> bytes:
    """One event. ValueError if the id or the name has a CR, LF or NUL."""
    if FORBIDDEN.search(id) or FORBIDDEN.search(name):
        raise ValueError("An event's id and name have no CR, LF or NUL.")
    lines = [f"id: {id}"] if id else []
    if name != "message":
        lines.append(f"event: {name}")
    lines += [f"data: {line}" for line in LINE_END.split(data)]
    return ("\n".join(lines) + "\n\n").encode()


def retry(milliseconds: int) -> bytes:
    """The field that says how long the client waits before it reconnects."""
    return f"retry: {milliseconds}\n\n".encode()


@dataclass(frozen=True, slots=True)
class Cursor:
    """How many graphemes of a revision a reader has received. Text form: `revision:offset:mark`.

    The mark is the same in all cursors of a revision. It proves that the reader has read it.
    """

    revision: int
    offset: int
    mark: str

    def __str__(self) -> str:
        return f"{self.revision}:{self.offset}:{self.mark}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Reads a cursor. None if `text` is not a cursor."""
        match = CURSOR.fullmatch(text)
        return cls(int(match[1]), int(match[2]), match[3]) if match else None


class EncodedEvents:
    """The events of one revision in one block of bytes, which all its readers share."""

    __slots__ = ("blob", "ends")

    def __init__(self, events: Iterable[bytes]) -> None:
        blob = bytearray()
        self.ends = array("L", [0])
        for event in events:
            blob += event
            self.ends.append(len(blob))
        self.blob = bytes(blob)

    @property
    def total(self) -> int:
        """The number of events."""
        return len(self.ends) - 1

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return len(self.blob) + len(self.ends) * self.ends.itemsize

    def between(self, start: int, end: int) -> bytes:
        """The events after offset `start`, up to offset `end`, as one chunk."""
        return self.blob[self.ends[start] : self.ends[end]]


def encode(revision: int, mark: str, graphemes: Iterable[str], name: str) -> EncodedEvents:
    """The events of a revision: one for each grapheme, whose id is the cursor after it."""
    return EncodedEvents(
        event(grapheme, id=str(Cursor(revision, offset, mark)), name=name)
        for offset, grapheme in enumerate(graphemes, start=1)
    )
