"""What one reader is to be sent: found in the database once, then streamed without it."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from channels.db import database_sync_to_async
from django.core.validators import slug_re
from django.db.models import Q, QuerySet

from realtime import graphemes, sse
from streaming.models import Revision
from streaming.texts.schedule import Pace, Reading

# Encoded revisions that a worker keeps: about 200 texts of 10,000 characters.
CACHE_BYTES = 64 * 1024 * 1024


class NoText(LookupError):
    """No text has this slug, or none is the default."""


class RunCache:
    """The runs that were used last, as many as fit into `limit` bytes; at least one."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self.limit = limit
        self.size = 0
        self.runs: OrderedDict[tuple[int, str], sse.Run] = OrderedDict()
        self.lock = Lock()

    def get(self, revision: int, name: str) -> sse.Run | None:
        """The run of a revision under an event name, if it is kept."""
        with self.lock:
            if run := self.runs.get((revision, name)):
                self.runs.move_to_end((revision, name))
            return run

    def put(self, revision: int, name: str, run: sse.Run) -> None:
        """Keeps a run, and drops those that no longer fit."""
        with self.lock:
            if (revision, name) not in self.runs:
                self.runs[revision, name] = run
                self.size += run.size
            while self.size > self.limit and len(self.runs) > 1:
                self.size -= self.runs.popitem(last=False)[1].size


@dataclass(frozen=True, slots=True)
class Playback:
    """A run, and where in it the reader begins."""

    text: str
    revision: int
    run: sse.Run
    interval_ms: int
    offset: int
    restarted: bool
    # Whether the reader had everything before it asked.
    finished: bool

    def opening(self) -> bytes:
        """What leaves at once: what follows, and where nothing does, that."""
        return self.meta() if self.offset < self.run.total else self.meta() + self.done()

    def meta(self) -> bytes:
        """The event that says what follows."""
        data = {
            "text": self.text,
            "revision": self.revision,
            "total": self.run.total,
            "interval_ms": self.interval_ms,
            "offset": self.offset,
            "restarted": self.restarted,
        }
        return self._event("meta", data, self.offset)

    def done(self) -> bytes:
        """The event that says that nothing follows."""
        return self._event("done", {"total": self.run.total}, self.run.total)

    def _event(self, name: str, data: dict[str, object], offset: int) -> bytes:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return sse.event(text, id=str(sse.Cursor(self.revision, offset)), name=name)

    def read(self, start: float) -> Reading:
        """A reading that begins, by the clock of its reader."""
        pace = Pace(start, self.interval_ms / 1000, self.offset, self.run.total)
        return Reading(self.run, pace, self.done(), self.offset)

    async def play(
        self,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> AsyncIterator[bytes]:
        """The events, each piece when it is due. Needs no thread and no database."""
        reading = self.read(clock())
        while not reading.finished:
            await sleep(max(0.0, reading.moment - clock()))
            if piece := reading.take(clock()):
                yield piece


runs = RunCache()
# One thread at a time encodes: of a thousand first readers, one does the work.
encoding = Lock()


@database_sync_to_async
def find(slug: str | None, cursor: str | None, interval_ms: int | None) -> Playback:
    """The playback for a reader who asks for a text, or for the default, from a cursor.

    A cursor pins the revision that it names, though the text has been edited or another has
    become the default since. One that leads nowhere restarts. NoText if there is no text.
    """
    if slug is not None and not slug_re.match(slug):
        raise NoText(slug)
    place = sse.Cursor.parse(cursor) if cursor else None
    pinned = _found(_pinned(place.revision, slug)) if place else None
    if place and pinned and place.offset <= pinned[1].total:
        finished = place.offset == pinned[1].total
        return _playback(*pinned, interval_ms, place.offset, finished=finished)
    newest = _found(_newest(slug))
    if newest is None:
        raise NoText(slug)
    return _playback(*newest, interval_ms, 0, restarted=bool(cursor))


def _revisions() -> QuerySet[Revision]:
    return Revision.objects.select_related("text").defer("body", "text__body")


def _pinned(number: int, slug: str | None) -> QuerySet[Revision]:
    ours = _revisions() if slug is None else _revisions().filter(text__slug=slug)
    return ours.filter(pk=number)


def _newest(slug: str | None) -> QuerySet[Revision]:
    wanted = Q(text__is_default=True) if slug is None else Q(text__slug=slug)
    return _revisions().filter(wanted)


def _found(wanted: QuerySet[Revision]) -> tuple[Revision, sse.Run] | None:
    """The first of the wanted revisions, with its run."""
    revision = wanted.first()
    if revision is None:
        return None
    try:
        return revision, _run(revision)
    except Revision.DoesNotExist:  # deleted before its body was read
        return None


def _run(revision: Revision) -> sse.Run:
    name = revision.text.event_name
    if run := runs.get(revision.pk, name):
        return run
    with encoding:
        run = runs.get(revision.pk, name)
        if run is None:
            run = sse.encode(revision.pk, graphemes.split(revision.body), name)
            runs.put(revision.pk, name, run)
        return run


def _playback(
    revision: Revision,
    run: sse.Run,
    interval_ms: int | None,
    offset: int,
    *,
    restarted: bool = False,
    finished: bool = False,
) -> Playback:
    return Playback(
        text=revision.text.slug,
        revision=revision.pk,
        run=run,
        interval_ms=interval_ms or revision.text.interval_ms,
        offset=offset,
        restarted=restarted,
        finished=finished,
    )
