"""Where a reader of a log stands."""

import re
from dataclasses import dataclass

CURSOR = re.compile(r"([0-9a-f]{1,16}):([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The newest entry that a reader has: its `seq`, in the log of this `epoch`. Text form:
    `epoch:seq`."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """The cursor that `text` is. None if it is not one."""
        match = CURSOR.fullmatch(text)
        return cls(match[1], int(match[2])) if match else None
