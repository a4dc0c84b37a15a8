"""Who is here, on this worker and on the others. In memory only, and used on the event loop only.
`now` is seconds on the caller's clock."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, TypeVar

from chat.identity.members import Member, lookalike_key

K = TypeVar("K", bound=Hashable)
T = TypeVar("T", bound=Hashable)

# Members in one list of who is online. Without a limit, the bytes that are sent while everybody
# arrives would grow with the square of their number.
ONLINE_MOST = 200
# Seconds without a message after which the members of another worker are dropped.
FORGET_SECONDS = 20.0
# The same after another worker said that it stops. Its members reconnect elsewhere within this
# time, so that the lists do not change twice.
LEAVE_SECONDS = 8.0

# What one worker sends to the others: its members, and their keys by room. Pairs instead of a
# mapping, since not every encoding allows a number as a key.
Snapshot = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RemotePresence:
    """The members of another worker, as of its last message."""

    received_at: float = 0.0
    rooms: dict[int, dict[str, Member]] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)


class Presence:
    """Members by room and by name. A person with three tabs is listed once."""

    def __init__(self) -> None:
        self.sockets = 0
        self.names: dict[str, Counter[Member]] = {}
        self.rooms: dict[int, Counter[Member]] = {}
        self.remote: dict[str, RemotePresence] = {}

    def add(self, room: int | None, member: Member) -> None:
        """Counts a member in a room, or without a room one socket of a member."""
        _count(self.names, lookalike_key(member.name), member)
        if room is None:
            self.sockets += 1
        else:
            _count(self.rooms, room, member)

    def remove(self, room: int | None, member: Member) -> None:
        """Reverts one `add`."""
        _discount(self.names, lookalike_key(member.name), member)
        if room is None:
            self.sockets -= 1
        else:
            _discount(self.rooms, room, member)

    def online(self, room: int) -> list[Member]:
        """The members in a room on any worker, at most ONLINE_MOST. Each is listed once, under the
        newest of their names."""
        others = (worker.rooms.get(room, {}).values() for worker in self.remote.values())
        everybody = islice(chain(self.rooms.get(room, ()), *others), 2 * ONLINE_MOST)
        return list({member.key: member for member in everybody}.values())[:ONLINE_MOST]

    def is_remote(self, room: int, key: str) -> bool:
        """Whether a member is in a room on another worker."""
        return any(key in worker.rooms.get(room, ()) for worker in self.remote.values())

    def has_name(self, name: str, *, except_key: str) -> bool:
        """Whether another member is connected, on any worker, under a name that looks like
        this one."""
        wanted = lookalike_key(name)
        here = (member.key for member in self.names.get(wanted, ()))
        others = (worker.names.get(wanted, ()) for worker in self.remote.values())
        return any(key != except_key for key in chain(here, *others))

    # ---- The other workers ----

    def snapshot(self) -> Snapshot:
        """The members of this worker, for the other workers."""
        members = {member.key: member for here in self.names.values() for member in here}
        rooms = [
            [room, list({member.key: None for member in here})] for room, here in self.rooms.items()
        ]
        return {"members": [[m.key, m.name, m.guest] for m in members.values()], "rooms": rooms}

    def merge_remote(self, worker: str, snapshot: Snapshot, now: float) -> set[int]:
        """Stores the snapshot of another worker. Returns the rooms in which that changes
        anything."""
        before = self.remote.get(worker, RemotePresence())
        members = {key: Member(key, name, guest) for key, name, guest in snapshot["members"]}
        rooms = {room: {key: members[key] for key in keys} for room, keys in snapshot["rooms"]}
        names: dict[str, set[str]] = {}
        for member in members.values():
            names.setdefault(lookalike_key(member.name), set()).add(member.key)
        self.remote[worker] = RemotePresence(now, rooms, names)
        both = before.rooms.keys() | rooms.keys()
        return {room for room in both if before.rooms.get(room) != rooms.get(room)}

    def expire_soon(self, worker: str, now: float) -> None:
        """Another worker stops: its members are dropped after LEAVE_SECONDS."""
        if before := self.remote.get(worker):
            received_at = now - FORGET_SECONDS + LEAVE_SECONDS
            self.remote[worker] = replace(before, received_at=received_at)

    def drop_expired(self, now: float) -> set[int]:
        """Drops the members of workers that sent nothing for FORGET_SECONDS. Returns the rooms
        that they were in."""
        expired = [
            worker
            for worker, remote in self.remote.items()
            if now - remote.received_at > FORGET_SECONDS
        ]
        return {room for worker in expired for room in self.remote.pop(worker).rooms}


def _count(counters: dict[K, Counter[T]], name: K, item: T) -> None:
    """Counts an item in the counter of this name, which exists while it counts anything."""
    counters.setdefault(name, Counter())[item] += 1


def _discount(counters: dict[K, Counter[T]], name: K, item: T) -> None:
    """Reverts one `_count`."""
    counter = counters[name]
    counter[item] -= 1
    if not counter[item]:
        del counter[item]
    if not counter:
        del counters[name]
