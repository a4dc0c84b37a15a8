"""When each grapheme is due. Moments are deadlines: a late reader gets several at once."""

from dataclasses import dataclass

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
