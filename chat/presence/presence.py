"""Who is here, on this worker and on the others. Held in memory alone, and used on the event
loop alone; `now` is seconds on the caller's clock."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, TypeVar

from chat.identity.members import Member, folded

K = TypeVar("K", bound=Hashable)
T = TypeVar("T", bound=Hashable)

# Named to a reader; the sum of what is sent while everybody comes would grow with the square.
ONLINE_MOST = 200
# After which the people of a worker that says nothing are gone.
FORGET_SECONDS = 20.0
# After which the people of a worker that has taken its leave are gone. By then whoever came back
# through another is told of by that one, and nobody has seen them vanish.
LEAVE_SECONDS = 8.0

# What a worker tells the others: its people, and by their keys who of them is in which room.
# Pairs and no mapping, since a room's number cannot be a key in every encoding.
People = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The people of another worker, as it told at `heard_at`."""

    heard_at: float = 0.0
    rooms: dict[int, dict[str, Member]] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)


class Register:
    """Where it is known who is here."""

    def connected(self, member: Member) -> "Stay":
        """Holds one socket of a member, and the member's name."""
        return Stay(self, None, member)

    def entered(self, room: int, member: Member) -> "Stay":
        """Holds a member in a room, and the member's name."""
        return Stay(self, room, member)

    def come(self, room: int | None, member: Member) -> None:
        """Begins a stay."""
        raise NotImplementedError

    def go(self, room: int | None, member: Member) -> None:
        """Ends a stay."""
        raise NotImplementedError


@dataclass(eq=False, slots=True)
class Stay:
    """A member in a room; or one socket of a member, wherever that is. One a reader, and so no
    generator, of which a stay needed three and 1 KB."""

    register: Register
    room: int | None
    member: Member

    def __enter__(self) -> None:
        self.register.come(self.room, self.member)

    def __exit__(self, *_: object) -> None:
        self.register.go(self.room, self.member)


class Presence(Register):
    """Members by room and by name. A person with three tabs is here once."""

    def __init__(self) -> None:
        self.sockets = 0
        self.names: dict[str, Counter[Member]] = {}
        self.rooms: dict[int, Counter[Member]] = {}
        self.elsewhere: dict[str, Elsewhere] = {}

    def __len__(self) -> int:
        """How many sockets are open here."""
        return self.sockets

    def come(self, room: int | None, member: Member) -> None:
        """Begins a stay."""
        _count(self.names, folded(member.name), member)
        if room is None:
            self.sockets += 1
        else:
            _count(self.rooms, room, member)

    def go(self, room: int | None, member: Member) -> None:
        """Ends a stay."""
        _discount(self.names, folded(member.name), member)
        if room is None:
            self.sockets -= 1
        else:
            _discount(self.rooms, room, member)

    def online(self, room: int) -> list[Member]:
        """Who is in a room, on any worker, at most ONLINE_MOST; each once, under the newest of
        their names."""
        others = (worker.rooms.get(room, {}).values() for worker in self.elsewhere.values())
        everybody = islice(chain(self.rooms.get(room, ()), *others), 2 * ONLINE_MOST)
        return list({member.key: member for member in everybody}.values())[:ONLINE_MOST]

    def is_elsewhere(self, room: int, key: str) -> bool:
        """Whether a member is in a room on another worker."""
        return any(key in worker.rooms.get(room, ()) for worker in self.elsewhere.values())

    def has_name(self, name: str, *, except_key: str) -> bool:
        """Whether somebody else is connected, to any worker, under a name that looks like this
        one."""
        looks = folded(name)
        here = (member.key for member in self.names.get(looks, ()))
        others = (worker.names.get(looks, ()) for worker in self.elsewhere.values())
        return any(key != except_key for key in chain(here, *others))

    # ---- The other workers ----

    def tell(self) -> People:
        """The people of this worker, for the others."""
        members = {member.key: member for here in self.names.values() for member in here}
        rooms = [
            [room, list({member.key: None for member in here})] for room, here in self.rooms.items()
        ]
        return {"members": [[m.key, m.name, m.guest] for m in members.values()], "rooms": rooms}

    def hear(self, worker: str, people: People, now: float) -> set[int]:
        """Takes what another worker tells. Returns the rooms where that changes anything."""
        before = self.elsewhere.get(worker, Elsewhere())
        members = {key: Member(key, name, guest) for key, name, guest in people["members"]}
        rooms = {room: {key: members[key] for key in keys} for room, keys in people["rooms"]}
        names: dict[str, set[str]] = {}
        for member in members.values():
            names.setdefault(folded(member.name), set()).add(member.key)
        self.elsewhere[worker] = Elsewhere(now, rooms, names)
        both = before.rooms.keys() | rooms.keys()
        return {room for room in both if before.rooms.get(room) != rooms.get(room)}

    def take_leave(self, worker: str, now: float) -> None:
        """Takes that another worker leaves: its people are gone soon, or elsewhere."""
        if told := self.elsewhere.get(worker):
            heard_at = now - FORGET_SECONDS + LEAVE_SECONDS
            self.elsewhere[worker] = replace(told, heard_at=heard_at)

    def forget(self, now: float) -> set[int]:
        """Drops the people of workers that were not heard for FORGET_SECONDS. Returns the rooms
        that they were in."""
        silent = [w for w, told in self.elsewhere.items() if now - told.heard_at > FORGET_SECONDS]
        return {room for worker in silent for room in self.elsewhere.pop(worker).rooms}


def _count(counters: dict[K, Counter[T]], name: K, item: T) -> None:
    """Counts an item in the counter of this name, which is there as long as it counts any."""
    counters.setdefault(name, Counter())[item] += 1


def _discount(counters: dict[K, Counter[T]], name: K, item: T) -> None:
    """Takes that back."""
    counter = counters[name]
    counter[item] -= 1
    if not counter[item]:
        del counter[item]
    if not counter:
        del counters[name]


presence = Presence()
