"""The client of event streams for all tests, written from the WHATWG HTML standard, section 9.2.

It shares no code with the encoder that it tests. The parser takes bytes in pieces of any size and
returns the events that EventSource would dispatch.
"""

import codecs
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx


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


class EventStream:
    """A reader of a stream over HTTP. Like EventSource, it reconnects with the id of its last
    event."""

    def __init__(self, client: httpx.AsyncClient, url: str, **options: Any):
        self.client = client
        self.url = url
        self.options = options  # of each request
        self.parser = Parser()
        self.answer: httpx.Response | None = None  # of the last request

    @property
    def events(self) -> list[tuple[str, str, str]]:
        """The id, the type and the data of each event so far."""
        return self.parser.events

    def data(self, type: str) -> list[str]:
        """The data of each event of a type."""
        return [data for _, its, data in self.events if its == type]

    async def read(self, until: Callable[[], bool] = lambda: False) -> "EventStream":
        """Reads until the body ends, or until a condition holds after a piece of it."""
        async for _ in self.pieces():
            if until():
                break
        return self

    async def pieces(self) -> AsyncIterator[bytes]:
        """Requests the stream, and yields each parsed piece. Raises httpx.HTTPError if the
        body is cut off."""
        headers = {**self.options.get("headers", {})}
        if last := self.parser.last_event_id:
            headers["Last-Event-ID"] = last
        # An incomplete event is lost, as in EventSource.
        self.parser = Parser(self.parser.events, self.parser.retry, last)
        options = self.options | {"headers": headers}
        async with self.client.stream("GET", self.url, **options) as answer:
            self.answer = answer
            async for piece in answer.aiter_raw():
                self.parser.feed(piece)
                yield piece
