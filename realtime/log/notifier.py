"""Tells other workers what is new in a room's log, and hears it from them. Whoever misses it
reads the log."""

from collections.abc import Callable
from functools import partial
from typing import Any

from chat.log.store import Span
from realtime.bus import Relay, room_group

# Characters of entries in one ring; more are better read from the log.
RING_SIZE = 256 * 1024
RING = "doorbell"


class Doorbell:
    """`heard` gets every span that is rung; `subscribed` a room from which rings now arrive."""

    def __init__(
        self, relay: Relay, heard: Callable[[Span], None], subscribed: Callable[[int], None]
    ) -> None:
        self.relay = relay
        self.subscribed = subscribed
        relay.listen(RING, lambda message: heard(span_of(message)))

    def follow(self, room: int) -> None:
        """Begins to listen for a room."""
        self.relay.follow(room_group(room), partial(self.subscribed, room))

    def unfollow(self, room: int) -> None:
        """Stops listening for a room."""
        self.relay.unfollow(room_group(room))

    def ring(self, span: Span) -> None:
        """Sends a span to the other workers, without waiting for it."""
        self.relay.send(room_group(span.room), RING, **fields(span))


def fields(span: Span) -> dict[str, Any]:
    """A span as a message. One that is too large goes without its entries, and then says that
    there is something, not what."""
    small = sum(map(len, span.encoded)) <= RING_SIZE
    return {
        "room": span.room,
        "epoch": span.epoch,
        "first": span.first if small else span.first + len(span.encoded),
        "entries": span.encoded if small else [],
    }


def span_of(message: dict[str, Any]) -> Span:
    """The span that was rung."""
    return Span(message["room"], message["epoch"], message["first"], message["entries"])
