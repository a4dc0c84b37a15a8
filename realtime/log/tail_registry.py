"""The tails of this worker: when they begin and end, and how news comes to them."""

import asyncio
import logging
from collections import Counter
from contextlib import suppress

from django.db import Error as DatabaseError

from chat.log import store
from chat.log.store import Span
from chat.log.writer import appender
from realtime.bus import relay
from realtime.log.notifier import Doorbell
from realtime.log.reader import Reader
from realtime.log.tail import RESUME_MOST, LogEnded, Tail
from realtime.revocation import ROOMS, dismissals
from realtime.tasks import PerLoop, background, forever

logger = logging.getLogger(__name__)

CHECK_SECONDS = 2.5  # a bell that never rang is noticed within 3 s, the query included


# How long at most what others have written waits for what this worker is writing. Two workers with
# 250 readers each and 64 who talk need 1.2 to 1.4 times less processor time for a delivery with it.
HOLD_SECONDS = 0.02


class Tails:
    """The tails of this worker: one a room that is read here, and one check for them all."""

    def __init__(self) -> None:
        self.tails: dict[int, Tail] = {}
        self.opening: dict[int, asyncio.Task[None]] = {}
        self.openers: Counter[int] = Counter()
        self.checking: asyncio.Task[None] | None = None
        self.changed = asyncio.Event()
        self.doorbell = Doorbell(relay(), heard=self.rung, subscribed=self._subscribed)
        self.held: list[Span] = []
        appender().listeners.append(self.committed)
        dismissals().tell([ROOMS], self.changed.set)

    async def open(self, room: int, tap: str = "") -> Reader:
        """A reader at the head of a room, through a tap. LogEnded if the room is gone;
        DatabaseError."""
        self.openers[room] += 1
        try:
            while (tail := self.tails.get(room)) is None:
                if room not in self.opening:
                    self.opening[room] = background(self._load(room))
                await asyncio.shield(self.opening[room])
            return Reader(tail, self.release, tap)
        finally:
            # Whoever asked may have gone before there was anything to read.
            self.openers[room] -= 1
            self._forget_unread(room)

    async def _load(self, room: int) -> None:
        # First the bell, then the log: what is committed in between is heard or read.
        self.doorbell.follow(room)
        try:
            span = await store.newest(room, RESUME_MOST)
            if span is None:
                raise LogEnded
            self.tails[room] = Tail(span)
            self._forget_unread(room)
        except BaseException:
            self.doorbell.unfollow(room)
            raise
        finally:
            del self.opening[room]
        if self.checking is None or self.checking.done():
            self.checking = forever(self._check())

    def release(self, tail: Tail) -> None:
        """One reader less; without any, the tail is forgotten."""
        tail.readers -= 1
        self._forget_unread(tail.room)

    def _forget_unread(self, room: int) -> None:
        tail = self.tails.get(room)
        if not self.openers[room]:
            del self.openers[room]
            if tail and not tail.readers:
                self._forget(tail)

    def _forget(self, tail: Tail) -> None:
        del self.tails[tail.room]
        self.doorbell.unfollow(tail.room)

    # ---- How news arrives ----

    def committed(self, span: Span) -> None:
        """This worker has written a span: its own readers first, then the others'."""
        self.held.append(span)
        self._release_held()
        self.doorbell.ring(span)

    def rung(self, span: Span) -> None:
        """Another worker has written a span. What this one is writing is told with it: one frame
        for each reader, and no hole where that one came first."""
        self.held.append(span)
        if not appender().busy:
            self._release_held()
        elif len(self.held) == 1:
            asyncio.get_running_loop().call_later(HOLD_SECONDS, self._release_held)

    def _release_held(self) -> None:
        held, self.held = self.held, []
        for span in sorted(held, key=lambda span: span.first):
            try:
                self.heard(span)
            except Exception:  # what a worker of another version rings, perhaps
                logger.exception("A span of room %d was not taken.", span.room)

    def heard(self, span: Span) -> None:
        """There is a span, whoever has written it."""
        if tail := self.tails.get(span.room):
            if tail.epoch != span.epoch:
                self._end(tail)
            elif not tail.apply(span.first, span.encoded):
                tail.refresh()

    def _subscribed(self, room: int) -> None:
        # What was rung before the subscription held was rung for nobody here.
        if tail := self.tails.get(room):
            tail.refresh()

    def _end(self, tail: Tail) -> None:
        self._forget(tail)
        tail.end()

    async def _check(self) -> None:
        """The slow check: one query for all rooms, for bells that never rang. At once where a
        room has changed; of many that change together, one query sees all."""
        while self.tails:
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    await self.changed.wait()
            self.changed.clear()
            await self._compare_all()

    async def _compare_all(self) -> None:
        tails = list(self.tails.values())
        try:
            heads = await store.heads(tail.room for tail in tails)
        except DatabaseError as error:
            logger.error("The heads were not read: %s", type(error).__name__)
            return
        for tail in tails:
            if self.tails.get(tail.room) is tail:  # and not another that has begun meanwhile
                self._compare(tail, heads.get(tail.room))

    def _compare(self, tail: Tail, found: store.Head | None) -> None:
        # Where somebody may no longer be, all are sent away: those who may come back at once.
        if found is None or (found.epoch, found.is_public) != (tail.epoch, tail.is_public):
            self._end(tail)
        elif found.seq > tail.head:
            tail.refresh()


tails = PerLoop(Tails)
