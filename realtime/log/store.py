"""What `realtime.log` needs to know about the database of a log. An app plugs its store in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from realtime.errors import Refused

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive entries of one log, encoded, with the mark of each. `first` is the seq of the
    first of them, `previous` the mark of the entry before it (0 if there is none)."""

    log: int
    epoch: str
    first: int
    previous: int
    encoded: list[str] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    # As the log was when the span was read. Not set for a span that was just written.
    is_public: bool = True
    rewrites: int = 0

    @property
    def last(self) -> int:
        """The seq of the last entry; `first - 1` without entries."""
        return self.first + len(self.encoded) - 1

    def mark_at(self, seq: int) -> int:
        """The mark of an entry of the span, or of the entry before it."""
        return self.marks[seq - self.first] if seq >= self.first else self.previous


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a log, who may read it, and how often entries were deleted or changed in
    their place."""

    epoch: str
    seq: int
    mark: int
    is_public: bool
    rewrites: int = 0


@dataclass(frozen=True, slots=True)
class Written(Generic[Result]):
    """The outcome of one batch: one result per item, in their order, and the new entries."""

    results: Sequence[Result | Refused]
    spans: list[Span] = field(default_factory=list)


class Store(Protocol):
    """Reads a kind of log from the database. Each coroutine raises DatabaseError."""

    async def newest(self, log: int, limit: int, /) -> Span | None:
        """The newest entries of a log. None if the log does not exist."""

    async def after(self, log: int, seq: int, limit: int, /) -> Span | None:
        """Up to `limit` entries that follow the entry `seq`, or the beginning if it is 0. None if
        the log or that entry does not exist, or the beginning was deleted."""

    async def heads(self, logs: Iterable[int], /) -> dict[int, Head]:
        """The heads of those logs that exist."""

    def count_for_frame(self, found: Sequence[str], /) -> int:
        """How many of these encoded entries, from the first, fit into one frame: at least one."""

    def change_of(self, entry: str, /) -> Any | None:
        """The change that an entry makes to earlier entries. None if it makes none."""

    def may_alter(self, change: Any, seq: int, entry: str, /) -> bool:
        """Whether a change may alter this entry. Cheap: it does not decode the entry."""

    def apply_change(self, entry: str, change: Any, /) -> str:
        """The entry as it is after the change."""
