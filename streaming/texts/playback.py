"""What one reader is sent. It is read from the database once; streaming needs no database."""

import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from channels.db import database_sync_to_async
from django.core.validators import slug_re
from django.db.models import Q, QuerySet

from realtime import graphemes, sse
from streaming.models import Revision
from streaming.texts import marks
from streaming.texts.schedule import PlaybackPosition, Schedule

# Encoded revisions in the memory of a worker: about 150 texts of 10,000 characters.
CACHE_BYTES = 64 * 1024 * 1024


class NoText(LookupError):
    """No text has this slug, or there is no default text."""


@dataclass(frozen=True, slots=True)
class EncodedRevision:
    """The events of a revision, and the marks that its cursors may have. New cursors have the
    first."""

    events: sse.EncodedEvents
    marks: tuple[str, ...]


# What the events depend on. The slug and the event name may change without a new revision. After a
# restore of the database, the same number may be another revision, created at another time.
CacheKey = tuple[int, datetime, str, str]


def cache_key(revision: Revision) -> CacheKey:
    """The key of a revision in the cache."""
    text = revision.text
    return revision.pk, revision.created_at, text.slug, text.event_name


class EventCache:
    """The encoded revisions that were used last: as many as fit into `limit` bytes, at least
    one."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self.limit = limit
        self.size = 0
        self.cached: OrderedDict[CacheKey, EncodedRevision] = OrderedDict()
        self.lock = Lock()

    def get(self, key: CacheKey) -> EncodedRevision | None:
        """A revision, if it is in the cache."""
        with self.lock:
            if encoded := self.cached.get(key):
                self.cached.move_to_end(key)
            return encoded

    def put(self, key: CacheKey, encoded: EncodedRevision) -> None:
        """Adds a revision, and drops those that no longer fit."""
        with self.lock:
            if key not in self.cached:
                self.cached[key] = encoded
                self.size += encoded.events.size
            while self.size > self.limit and len(self.cached) > 1:
                self.size -= self.cached.popitem(last=False)[1].events.size


@dataclass(frozen=True, slots=True)
class Playback:
    """The events of a text, and the offset at which the reader begins."""

    text: str  # its slug
    revision: int
    mark: str
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
        return sse.event(text, id=str(sse.Cursor(self.revision, offset, self.mark)), name=name)

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
    since. A cursor that cannot be used, or whose mark is not that of its revision, restarts the
    text. NoText if there is no such text.
    """
    if slug is not None and not slug_re.match(slug):
        raise NoText(slug)
    place = sse.Cursor.parse(cursor) if cursor else None
    pinned = _first_encoded(_pinned(place.revision, slug)) if place else None
    if place and pinned and _continues(place, pinned[1]):
        finished = place.offset == pinned[1].events.total
        return _playback(*pinned, interval_ms, place.offset, finished=finished)
    newest = _first_encoded(_newest(slug))
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


def _first_encoded(revisions: QuerySet[Revision]) -> tuple[Revision, EncodedRevision] | None:
    revision = revisions.first()
    if revision is None:
        return None
    try:
        return revision, _encode(revision)
    except Revision.DoesNotExist:  # deleted before its body was read
        return None


def _encode(revision: Revision) -> EncodedRevision:
    key = cache_key(revision)
    if encoded := event_cache.get(key):
        return encoded
    with encoding:
        encoded = event_cache.get(key)
        if encoded is None:
            text, body = revision.text, revision.body
            valid = marks.valid_marks(text.slug, revision.pk, body)
            split = graphemes.split(body)
            events = sse.encode(revision.pk, valid[0], split, text.event_name)
            encoded = EncodedRevision(events, valid)
            event_cache.put(key, encoded)
        return encoded


def _continues(place: sse.Cursor, encoded: EncodedRevision) -> bool:
    return marks.is_valid(place.mark, encoded.marks) and place.offset <= encoded.events.total


def _playback(
    revision: Revision,
    encoded: EncodedRevision,
    interval_ms: int | None,
    offset: int,
    *,
    restarted: bool = False,
    finished: bool = False,
) -> Playback:
    return Playback(
        text=revision.text.slug,
        revision=revision.pk,
        mark=encoded.marks[0],
        events=encoded.events,
        interval_ms=interval_ms or revision.text.interval_ms,
        offset=offset,
        restarted=restarted,
        finished=finished,
    )
