"""How far one reader of a text is, and what is due to it."""

from dataclasses import dataclass

from streaming.pace import Pace
from streaming.sse import Run


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
