"""A parser of event streams, written from the WHATWG HTML standard, section 9.2.6.

Independent of the encoder that it tests: it takes bytes in pieces of any size, and gives what
EventSource would dispatch.
"""

import codecs
from dataclasses import dataclass, field


@dataclass
class Parser:
    events: list[tuple[str, str, str]] = field(default_factory=list)  # id, type, data
    retry: int | None = None
    last_event_id: str = ""

    def __post_init__(self):
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._at_start = True
        self._id_buffer = ""
        self._data: list[str] = []
        self._type = ""

    def feed(self, piece: bytes) -> "Parser":
        text = self._decoder.decode(piece)
        if self._at_start and text:
            self._at_start = False
            text = text.removeprefix("\ufeff")
        self._pending += text
        while (line := self._next_line()) is not None:
            self._take(line)
        return self

    @property
    def at_boundary(self) -> bool:
        """Whether the last byte so far ended an event."""
        begun = self._pending or self._data or self._type
        return not begun and self._id_buffer == self.last_event_id

    def _next_line(self) -> str | None:
        for at, character in enumerate(self._pending):
            if character == "\n":
                return self._cut(at, at + 1)
            if character == "\r":
                if at + 1 == len(self._pending):
                    return None  # an LF may follow
                return self._cut(at, at + 1 + (self._pending[at + 1] == "\n"))
        return None

    def _cut(self, end: int, start: int) -> str:
        line, self._pending = self._pending[:end], self._pending[start:]
        return line

    def _take(self, line: str) -> None:
        if not line:
            self._dispatch()
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            self._field(name, value.removeprefix(" "))

    def _field(self, name: str, value: str) -> None:
        if name == "event":
            self._type = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id_buffer = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value)

    def _dispatch(self) -> None:
        self.last_event_id = self._id_buffer
        if self._data:
            data = "\n".join(self._data)
            self.events.append((self.last_event_id, self._type or "message", data))
        self._data, self._type = [], ""
