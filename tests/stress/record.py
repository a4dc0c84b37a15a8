"""What happened in a run: the commands that were sent and acknowledged, and counts."""

import time
from collections import Counter
from dataclasses import dataclass, field

from tests.stress.comparison import AckRead


@dataclass
class Record:
    """The log and the readers' entries are compared with this at the end of a run."""

    counts: Counter[str] = field(default_factory=Counter)
    # cid → the moment when it was first sent, on the monotonic clock.
    sent: dict[str, float] = field(default_factory=dict)
    # cid → the seq in its ack.
    acks: dict[str, int] = field(default_factory=dict)
    # cid → the moment of its first ack.
    acked: dict[str, float] = field(default_factory=dict)
    # What other workers said right after an ack.
    reads: list[AckRead] = field(default_factory=list)
    # Sentences about what must never happen.
    errors: list[str] = field(default_factory=list)
    longest_catch_up: float = 0.0

    def note_sent(self, cid: str) -> None:
        if cid in self.sent:
            self.counts["retries"] += 1
        else:
            self.sent[cid] = time.monotonic()

    def acknowledged(self, cid: str, seq: int, *, duplicate: bool) -> None:
        self.acked.setdefault(cid, time.monotonic())
        self.counts["acks"] += 1
        self.counts["acks of a duplicate"] += duplicate
        if self.acks.setdefault(cid, seq) != seq:
            self.errors.append(f"{cid} was acknowledged as {self.acks[cid]} and as {seq}")

    @property
    def head(self) -> int:
        """The highest acknowledged seq; 0 without an ack."""
        return max(self.acks.values(), default=0)
