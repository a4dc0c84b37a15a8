"""Tells other workers what is new in a room, and hears it from them. A hint, never the truth:
it may fail, be late or come twice, since whoever misses it reads the log."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from channels.layers import get_channel_layer

from chat.log import Span
from chat.loops import background

logger = logging.getLogger(__name__)

# Characters of entries in one ring; more are better read from the log.
RING_SIZE = 256 * 1024
# Spans that wait while Redis is slow. The slow check finds what falls off.
WAITING_MOST = 256
RETRY_SECONDS = 1.0


def group(room: int) -> str:
    """The channel-layer group of a room."""
    return f"room.{room}"


class Doorbell:
    """One subscription a room for the whole worker, on one channel.

    `heard` gets every span that is rung; `subscribed` a room from which rings now arrive.
    """

    def __init__(self, heard: Callable[[Span], None], subscribed: Callable[[int], None]) -> None:
        self.heard = heard
        self.subscribed = subscribed
        self.wanted: set[int] = set()
        self.held: set[int] = set()
        self.channel = ""
        self.spans: list[Span] = []
        self.away = False
        self.changed = asyncio.Event()
        self.rung = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()

    def follow(self, room: int) -> None:
        """Begins to listen for a room, as soon as the channel layer is there."""
        self._start()
        self.wanted.add(room)
        self.changed.set()

    def unfollow(self, room: int) -> None:
        """Stops listening for a room."""
        self.wanted.discard(room)
        self.changed.set()

    def ring(self, span: Span) -> None:
        """Sends a span to the other workers, without waiting for it."""
        self._start()
        if len(self.spans) < WAITING_MOST:
            self.spans.append(span)
            self.rung.set()

    # ---- The tasks that talk to the channel layer ----

    def _start(self) -> None:
        if self.tasks:
            return
        for job in (self._ring_waiting, self._listen, self._subscribe):
            self.tasks.add(background(self._insist(job)))

    async def _insist(self, job: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        """Runs a job for ever, again after every failure."""
        while True:
            try:
                await job(get_channel_layer())
            except Exception as error:
                self._note(away=True, why=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    def _note(self, *, away: bool, why: str = "") -> None:
        if away and not self.away:
            logger.warning("The channel layer is away (%s); workers read the log instead.", why)
        elif self.away and not away:
            logger.info("The channel layer is back.")
        self.away = away

    async def _ring_waiting(self, layer: Any) -> None:
        while True:
            await self.rung.wait()
            self.rung.clear()
            spans, self.spans = self.spans, []
            for span in spans:
                await layer.group_send(group(span.room), message(span))
                self._note(away=False)

    async def _listen(self, layer: Any) -> None:
        self.channel = await layer.new_channel()
        self.held.clear()
        self.changed.set()
        while True:
            self.heard(span_of(await layer.receive(self.channel)))

    async def _subscribe(self, layer: Any) -> None:
        while True:
            for room in self.wanted - self.held if self.channel else ():
                await layer.group_add(group(room), self.channel)
                self.held.add(room)
                self._note(away=False)
                self.subscribed(room)
            for room in self.held - self.wanted:
                await layer.group_discard(group(room), self.channel)
                self.held.discard(room)
            await self.changed.wait()
            self.changed.clear()


def message(span: Span) -> dict[str, Any]:
    """A span on the channel layer. One that is too large goes without its entries, and
    then says that there is something, not what."""
    small = sum(map(len, span.encoded)) <= RING_SIZE
    return {
        "type": "chat.doorbell",
        "room": span.room,
        "epoch": span.epoch,
        "first": span.first if small else span.first + len(span.encoded),
        "entries": span.encoded if small else [],
    }


def span_of(message: dict[str, Any]) -> Span:
    """The span that was rung."""
    return Span(message["room"], message["epoch"], message["first"], message["entries"])
