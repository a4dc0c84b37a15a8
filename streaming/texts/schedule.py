"""When each grapheme of a text is due. Times are deadlines: a late reader gets several at once."""

from dataclasses import dataclass

from realtime.sse import EncodedEvents

# A wake-up at the exact deadline counts, whatever the last bit of the division is.
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Schedule:
    """The deadlines of one reader. `start` and `interval` are seconds on the caller's clock.

    The reader begins at `offset` of `total` graphemes. The next grapheme is due one interval after
    the start.
    """

    start: float
    interval: float
    offset: int
    total: int

    def due(self, now: float) -> int:
        """The offset that the reader should have reached at `now`."""
        passed = int((now - self.start) / self.interval + ROUNDING)
        return min(self.total, self.offset + max(0, passed))

    def deadline(self, offset: int) -> float:
        """When the reader is due to reach `offset`."""
        return self.start + (offset - self.offset) * self.interval


@dataclass(slots=True)
class PlaybackPosition:
    """How far one reader is in a text. `end` is sent with the last event."""

    events: EncodedEvents
    schedule: Schedule
    end: bytes
    sent: int

    @property
    def finished(self) -> bool:
        """Whether the reader has received everything."""
        return self.sent == self.schedule.total

    @property
    def next_deadline(self) -> float:
        """When the next event is due."""
        return self.schedule.deadline(self.sent + 1)

    def advance(self, now: float) -> bytes:
        """Returns the events that are due at `now` and not sent yet, as one chunk."""
        due = self.schedule.due(now)
        if due <= self.sent:
            return b""
        chunk = self.events.between(self.sent, due)
        self.sent = due
        return chunk + self.end if self.finished else chunk
