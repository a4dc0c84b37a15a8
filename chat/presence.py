"""Who is connected to this worker, over all of their sockets. Used on the event loop alone."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from chat.members import Member, folded

K = TypeVar("K", bound=Hashable)
T = TypeVar("T", bound=Hashable)

# Named to a reader; the sum of what is sent while everybody comes would grow with the square.
ONLINE_MOST = 200


class Presence:
    """Members by room and by name. A person with three tabs is here once."""

    def __init__(self) -> None:
        self.sockets = 0
        self.names: dict[str, Counter[str]] = {}
        self.rooms: dict[int, Counter[Member]] = {}

    def __len__(self) -> int:
        """How many sockets are open."""
        return self.sockets

    @contextmanager
    def connected(self, member: Member) -> Iterator[None]:
        """Holds one socket of a member, and the member's name."""
        self.sockets += 1
        try:
            with _counted(self.names, folded(member.name), member.key):
                yield
        finally:
            self.sockets -= 1

    @contextmanager
    def entered(self, room: int, member: Member) -> Iterator[None]:
        """Holds a member in a room."""
        with _counted(self.rooms, room, member):
            yield

    def online(self, room: int) -> list[Member]:
        """Who is in a room, at most ONLINE_MOST; each once, under the newest of their names."""
        here = islice(self.rooms.get(room, ()), ONLINE_MOST)
        return list({member.key: member for member in here}.values())

    def has_name(self, name: str, *, except_key: str) -> bool:
        """Whether somebody else is connected under a name that looks like this one."""
        return any(key != except_key for key in self.names.get(folded(name), ()))


@contextmanager
def _counted(counters: dict[K, Counter[T]], name: K, item: T) -> Iterator[None]:
    """Counts an item in the counter of this name, which is there as long as it counts any."""
    counter = counters.setdefault(name, Counter())
    counter[item] += 1
    try:
        yield
    finally:
        counter[item] -= 1
        if not counter[item]:
            del counter[item]
        if not counter:
            del counters[name]


presence = Presence()
