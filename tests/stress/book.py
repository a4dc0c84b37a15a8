"""What happened in a run: what was sent and acknowledged, and what there is to count."""

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Book:
    """The run's own memory, against which the log and the readers are checked."""

    counts: Counter[str] = field(default_factory=Counter)
    # When a cid was first sent, on the monotonic clock, and where it was said to stand.
    sent: dict[str, float] = field(default_factory=dict)
    acks: dict[str, int] = field(default_factory=dict)
    # What should never have been seen.
    wrong: list[str] = field(default_factory=list)
    longest_catch_up: float = 0.0

    def sends(self, cid: str) -> None:
        if cid in self.sent:
            self.counts["retries"] += 1
        else:
            self.sent[cid] = time.monotonic()

    def acknowledged(self, cid: str, seq: int, *, duplicate: bool) -> None:
        self.counts["acks"] += 1
        self.counts["acks of a duplicate"] += duplicate
        if self.acks.setdefault(cid, seq) != seq:
            self.wrong.append(f"{cid} was acknowledged as {self.acks[cid]} and as {seq}")

    @property
    def head(self) -> int:
        """The newest entry that is known to be in the log."""
        return max(self.acks.values(), default=0)
