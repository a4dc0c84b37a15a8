"""What one reader is sent. It is read from the database once; streaming needs no database."""

import json
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from channels.db import database_sync_to_async
from django.core.validators import slug_re
from django.db.models import Q, QuerySet

from realtime import graphemes, sse
from streaming.models import Revision
from streaming.texts.schedule import PlaybackPosition, Schedule

# Encoded revisions in the memory of a worker: about 200 texts of 10,000 characters.
CACHE_BYTES = 64 * 1024 * 1024


class NoText(LookupError):
    """No text has this slug, or there is no default text."""


class EventCache:
    """The encoded revisions that were used last: as many as fit into `limit` bytes, at least one.

    The key is the revision and the event name, which may change without a new revision.
    """

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self.limit = limit
        self.size = 0
        self.cached: OrderedDict[tuple[int, str], sse.EncodedEvents] = OrderedDict()
        self.lock = Lock()

    def get(self, revision: int, name: str) -> sse.EncodedEvents | None:
        """The events of a revision under an event name, if they are in the cache."""
        with self.lock:
            if events := self.cached.get((revision, name)):
                self.cached.move_to_end((revision, name))
            return events

    def put(self, revision: int, name: str, events: sse.EncodedEvents) -> None:
        """Adds the events of a revision, and drops those that no longer fit."""
        with self.lock:
            if (revision, name) not in self.cached:
                self.cached[revision, name] = events
                self.size += events.size
            while self.size > self.limit and len(self.cached) > 1:
                self.size -= self.cached.popitem(last=False)[1].size


@dataclass(frozen=True, slots=True)
class Playback:
    """The events of a text, and the offset at which the reader begins."""

    text: str  # its slug
    revision: int
    events: sse.EncodedEvents
    interval_ms: int
    offset: int
    # Whether the reader sent a cursor that could not be used.
    restarted: bool
    # Whether the reader had received everything before this request.
    finished: bool

    def opening(self) -> bytes:
        """What is sent at once: `meta`, and `done` if nothing follows."""
        return self.meta() if self.offset < self.events.total else self.meta() + self.done()

    def meta(self) -> bytes:
        """The event that describes what follows."""
        data = {
            "text": self.text,
            "revision": self.revision,
            "total": self.events.total,
            "interval_ms": self.interval_ms,
            "offset": self.offset,
            "restarted": self.restarted,
        }
        return self._event("meta", data, self.offset)

    def done(self) -> bytes:
        """The last event."""
        return self._event("done", {"total": self.events.total}, self.events.total)

    def _event(self, name: str, data: dict[str, object], offset: int) -> bytes:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return sse.event(text, id=str(sse.Cursor(self.revision, offset)), name=name)

    def position(self, start: float) -> PlaybackPosition:
        """The position of a reader that begins at `start`, in seconds on its clock."""
        schedule = Schedule(start, self.interval_ms / 1000, self.offset, self.events.total)
        return PlaybackPosition(self.events, schedule, self.done(), self.offset)


event_cache = EventCache()
# Only one thread encodes at a time: of 1,000 first readers of a text, one does the work.
encoding = Lock()


@database_sync_to_async
def find(slug: str | None, cursor: str | None, interval_ms: int | None) -> Playback:
    """The playback of a text from a cursor; of the default text if `slug` is None.

    A cursor pins its revision, even if the text was edited or another text became the default
    since. A cursor that cannot be used restarts the text. NoText if there is no such text.
    """
    if slug is not None and not slug_re.match(slug):
        raise NoText(slug)
    place = sse.Cursor.parse(cursor) if cursor else None
    pinned = _first_with_events(_pinned(place.revision, slug)) if place else None
    if place and pinned and place.offset <= pinned[1].total:
        finished = place.offset == pinned[1].total
        return _playback(*pinned, interval_ms, place.offset, finished=finished)
    newest = _first_with_events(_newest(slug))
    if newest is None:
        raise NoText(slug)
    return _playback(*newest, interval_ms, 0, restarted=bool(cursor))


def _revisions() -> QuerySet[Revision]:
    return Revision.objects.select_related("text").defer("body", "text__body")


def _pinned(number: int, slug: str | None) -> QuerySet[Revision]:
    revisions = _revisions() if slug is None else _revisions().filter(text__slug=slug)
    return revisions.filter(pk=number)


def _newest(slug: str | None) -> QuerySet[Revision]:
    matching = Q(text__is_default=True) if slug is None else Q(text__slug=slug)
    return _revisions().filter(matching)


def _first_with_events(revisions: QuerySet[Revision]) -> tuple[Revision, sse.EncodedEvents] | None:
    revision = revisions.first()
    if revision is None:
        return None
    try:
        return revision, _events_of(revision)
    except Revision.DoesNotExist:  # deleted before its body was read
        return None


def _events_of(revision: Revision) -> sse.EncodedEvents:
    name = revision.text.event_name
    if events := event_cache.get(revision.pk, name):
        return events
    with encoding:
        events = event_cache.get(revision.pk, name)
        if events is None:
            events = sse.encode(revision.pk, graphemes.split(revision.body), name)
            event_cache.put(revision.pk, name, events)
        return events


def _playback(
    revision: Revision,
    events: sse.EncodedEvents,
    interval_ms: int | None,
    offset: int,
    *,
    restarted: bool = False,
    finished: bool = False,
) -> Playback:
    return Playback(
        text=revision.text.slug,
        revision=revision.pk,
        events=events,
        interval_ms=interval_ms or revision.text.interval_ms,
        offset=offset,
        restarted=restarted,
        finished=finished,
    )
