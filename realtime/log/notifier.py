"""Announces new entries of a log to the other workers, and receives their announcements. A worker
that misses one reads the database."""

from collections.abc import Callable
from functools import partial
from typing import Any

from realtime.bus import Bus, Message, log_group
from realtime.log.store import Span

# Characters of entries in one message. A larger span is sent without its entries; the other
# workers then read them from the database.
MESSAGE_SIZE = 256 * 1024


class LogNotifier:
    """Publishes spans of one kind of log, such as "room"."""

    def __init__(self, bus: Bus, kind: str) -> None:
        self.bus = bus
        self.kind = kind
        self.type = f"{kind}.entries"

    def listen(self, on_published: Callable[[Span], None]) -> None:
        """Calls `on_published` with every span that another worker publishes."""
        self.bus.on(self.type, lambda message: on_published(decode(message)))

    def subscribe(self, log: int, on_subscribed: Callable[[int], None]) -> None:
        """Subscribes to a log. Calls `on_subscribed` with it when its messages arrive from now
        on."""
        self.bus.subscribe(log_group(self.kind, log), partial(on_subscribed, log))

    def unsubscribe(self, log: int) -> None:
        """Ends the subscription to a log."""
        self.bus.unsubscribe(log_group(self.kind, log))

    def publish(self, span: Span) -> None:
        """Sends a span to the other workers. Does not wait."""
        self.bus.send(log_group(self.kind, span.log), self.type, **encode(span))


def encode(span: Span) -> dict[str, Any]:
    """A span as the fields of a message. A span that is too large is sent empty, with `first` one
    past its last entry: the receiver sees that entries are missing, and reads the database."""
    if sum(map(len, span.encoded)) > MESSAGE_SIZE:
        span = Span(span.log, span.epoch, span.last + 1, span.marks[-1])
    return {
        "log": span.log,
        "epoch": span.epoch,
        "first": span.first,
        "previous": span.previous,
        "entries": span.encoded,
        "marks": span.marks,
    }


def decode(message: Message) -> Span:
    """The span of a message."""
    return Span(
        message["log"],
        message["epoch"],
        message["first"],
        message["previous"],
        message["entries"],
        message["marks"],
    )
