"""What one reader is to be sent: found in the database once, then streamed without it."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from channels.db import database_sync_to_async
from django.db.models import Q, QuerySet

from streaming import graphemes, sse
from streaming.models import Revision
from streaming.pace import Pace

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

    def get(self, revision: int, name: str) -> sse.Run | None:
        """The run of a revision under an event name, if it is kept."""
        if run := self.runs.get((revision, name)):
            self.runs.move_to_end((revision, name))
        return run

    def put(self, revision: int, name: str, run: sse.Run) -> None:
        """Keeps a run, and drops those that no longer fit."""
        if (revision, name) in self.runs:
            return
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

    async def play(
        self,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> AsyncIterator[bytes]:
        """The events, each piece when it is due. Needs no thread and no database."""
        pace = Pace(clock(), self.interval_ms / 1000, self.offset, self.run.total)
        sent = self.offset
        while sent < pace.total:
            await sleep(max(0.0, pace.moment(sent + 1) - clock()))
            if (due := pace.due(clock())) > sent:
                piece = self.run.between(sent, due)
                sent = due
                yield piece if sent < pace.total else piece + self.done()
        if self.offset == pace.total:
            yield self.done()


runs = RunCache()
# One thread at a time looks and encodes: of a thousand first readers, one does the work.
encoding = Lock()


@database_sync_to_async
def find(slug: str | None, cursor: str | None, interval_ms: int | None) -> Playback:
    """The playback for a reader who asks for a text, or for the default, from a cursor.

    A cursor pins the revision that it names, though the text has been edited or another has
    become the default since. One that leads nowhere restarts. NoText if there is no text.
    """
    place = sse.Cursor.parse(cursor) if cursor else None
    revision = _pinned(place.revision, slug) if place else None
    if place and revision and place.offset <= _run(revision).total:
        return _playback(revision, interval_ms, place.offset)
    return _playback(_newest(slug), interval_ms, None, restarted=bool(cursor))


def _revisions() -> QuerySet[Revision]:
    return Revision.objects.select_related("text").defer("body", "text__body")


def _pinned(number: int, slug: str | None) -> Revision | None:
    ours = _revisions() if slug is None else _revisions().filter(text__slug=slug)
    return ours.filter(pk=number).first()


def _newest(slug: str | None) -> Revision:
    wanted = Q(text__is_default=True) if slug is None else Q(text__slug=slug)
    if revision := _revisions().filter(wanted).first():
        return revision
    raise NoText(slug)


def _run(revision: Revision) -> sse.Run:
    name = revision.text.event_name
    with encoding:
        run = runs.get(revision.pk, name)
        if run is None:
            run = sse.encode(revision.pk, graphemes.split(revision.body), name)
            runs.put(revision.pk, name, run)
        return run


def _playback(
    revision: Revision, interval_ms: int | None, offset: int | None, *, restarted: bool = False
) -> Playback:
    run = _run(revision)
    return Playback(
        text=revision.text.slug,
        revision=revision.pk,
        run=run,
        interval_ms=interval_ms or revision.text.interval_ms,
        offset=offset or 0,
        restarted=restarted,
        finished=offset == run.total,
    )
