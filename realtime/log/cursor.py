"""Where a reader of a log stands."""

import re
from dataclasses import dataclass

CURSOR = re.compile(r"([0-9a-f]{1,16}):([0-9]{1,18}):([0-9a-f]{12})")
# Random bits of a mark. Two logs that have the same mark at the same seq have the same past.
MARK_BITS = 48


@dataclass(frozen=True, slots=True)
class Cursor:
    """The newest entry that a reader has: its `seq` and its `mark`, in the log of this `epoch`.
    Before the first entry both are 0. Text form: `epoch:seq:mark`, the mark in hexadecimal."""

    epoch: str
    seq: int
    mark: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}:{self.mark:012x}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """The cursor that `text` is. None if it is not one."""
        match = CURSOR.fullmatch(text)
        return cls(match[1], int(match[2]), int(match[3], 16)) if match else None
