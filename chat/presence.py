"""Who is connected to this worker, over all of their sockets."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from chat.members import Member, same_name


class Presence:
    """Members by room. A person with three tabs is here once."""

    def __init__(self) -> None:
        self.sockets: Counter[Member] = Counter()
        self.rooms: dict[int, Counter[Member]] = {}

    def __len__(self) -> int:
        """How many sockets are open."""
        return self.sockets.total()

    @contextmanager
    def connected(self, member: Member) -> Iterator[None]:
        """Holds one socket of a member."""
        self.sockets[member] += 1
        try:
            yield
        finally:
            _discard(self.sockets, member)

    @contextmanager
    def entered(self, room: int, member: Member) -> Iterator[None]:
        """Holds a member in a room."""
        here = self.rooms.setdefault(room, Counter())
        here[member] += 1
        try:
            yield
        finally:
            _discard(here, member)
            if not here and self.rooms.get(room) is here:
                del self.rooms[room]

    def online(self, room: int) -> list[Member]:
        """Who is in a room."""
        return list(self.rooms.get(room, ()))

    def has_name(self, name: str, *, except_key: str) -> bool:
        """Whether somebody else is connected under this name."""
        return any(
            member.key != except_key and same_name(member.name, name) for member in self.sockets
        )


def _discard(counter: Counter[Member], member: Member) -> None:
    counter[member] -= 1
    if not counter[member]:
        del counter[member]


presence = Presence()
