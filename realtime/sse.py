"""The wire format of Server-Sent Events (WHATWG HTML, section 9.2.5). Text in, bytes out."""

import re
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# The stream's own line ends. str.splitlines() also breaks at U+2028, U+2029, U+0085 and
# others, which a client would then see as line feeds.
LINE_END = re.compile(r"\r\n|\r|\n")
# In an id or a name these would begin a field of the sender's choice; a NUL makes the
# client ignore the id altogether.
FORBIDDEN = re.compile(r"[\r\n\0]")
CURSOR = re.compile(r"([0-9]{1,18}):([0-9]{1,18})")

TYPE = "text/event-stream"
HEADERS: Mapping[str, str] = {
    "Content-Type": TYPE,
    # no-transform: a proxy that compresses would hold events back.
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


def event(data: str, *, id: str = "", name: str = "message") -> bytes:
    """One event. ValueError if the id or the name could end its line."""
    if FORBIDDEN.search(id) or FORBIDDEN.search(name):
        raise ValueError("An event's id and name have no CR, LF or NUL.")
    lines = [f"id: {id}"] if id else []
    if name != "message":
        lines.append(f"event: {name}")
    lines += [f"data: {line}" for line in LINE_END.split(data)]
    return ("\n".join(lines) + "\n\n").encode()


def retry(milliseconds: int) -> bytes:
    """How long the client waits before it reconnects."""
    return f"retry: {milliseconds}\n\n".encode()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a reader of a text stands: the graphemes of a revision that it has."""

    revision: int
    offset: int

    def __str__(self) -> str:
        return f"{self.revision}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """The cursor that `text` is, or None if it is not one."""
        match = CURSOR.fullmatch(text)
        return cls(int(match[1]), int(match[2])) if match else None


class Run:
    """The events of one revision, encoded once, end to end, for all who read it."""

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
        """How many events there are."""
        return len(self.ends) - 1

    @property
    def size(self) -> int:
        """Bytes held in memory."""
        return len(self.blob) + len(self.ends) * self.ends.itemsize

    def between(self, start: int, end: int) -> bytes:
        """The events from offset `start` to offset `end`, as one piece."""
        return self.blob[self.ends[start] : self.ends[end]]


def encode(revision: int, graphemes: Iterable[str], name: str) -> Run:
    """The run of a revision: an event a grapheme, whose id is the cursor after it."""
    return Run(
        event(grapheme, id=str(Cursor(revision, offset)), name=name)
        for offset, grapheme in enumerate(graphemes, start=1)
    )
