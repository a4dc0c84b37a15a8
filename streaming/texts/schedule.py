"""When each grapheme is due. Moments are deadlines: a late reader gets several at once."""

from dataclasses import dataclass

from realtime.sse import Run

# Lets a wake-up at the exact moment count, whatever the last bit of the division says.
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Pace:
    """One reader's timetable. `start` and `interval` are seconds on the caller's clock.

    The grapheme at `offset` is due one interval after the start.
    """

    start: float
    interval: float
    offset: int
    total: int

    def due(self, now: float) -> int:
        """The cursor offset that the reader should have reached by `now`."""
        passed = int((now - self.start) / self.interval + ROUNDING)
        return min(self.total, self.offset + max(0, passed))

    def moment(self, offset: int) -> float:
        """When the reader is due to reach `offset`."""
        return self.start + (offset - self.offset) * self.interval


@dataclass(slots=True)
class Reading:
    """A run on its way to a reader, by a timetable. `end` goes with its last event."""

    run: Run
    pace: Pace
    end: bytes
    sent: int

    @property
    def finished(self) -> bool:
        """Whether the reader has everything."""
        return self.sent == self.pace.total

    @property
    def moment(self) -> float:
        """When the next event is due."""
        return self.pace.moment(self.sent + 1)

    def take(self, now: float) -> bytes:
        """The events that are due and not sent yet, as one piece."""
        due = self.pace.due(now)
        if due <= self.sent:
            return b""
        piece = self.run.between(self.sent, due)
        self.sent = due
        return piece + self.end if self.finished else piece
