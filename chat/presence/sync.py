"""Keeps the presence of all workers equal. Each worker sends its members to the others, and sends
the list of who is online to a room when that changes. Nothing is stored: a worker that was killed
sends nothing any more, and a worker that missed a message receives the next within seconds."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from chat.identity.members import Member
from chat.presence.ephemeral import EphemeralEvent, EphemeralEvents
from chat.presence.presence import Presence
from realtime.bus import WORKERS, Bus, Message
from realtime.tasks import Tasks

PRESENCE = "presence"
LEAVING = "leaving"

# Seconds between two snapshots when nothing changes.
SNAPSHOT_SECONDS = 5.0
# Seconds from a change until it is sent: a person who reloads a page, or polls again, has neither
# left nor arrived. Longer with many members, since each snapshot names them all, but never so long
# that other workers drop them.
PAUSE_SECONDS = 0.5
PAUSE_SECONDS_MOST = 5.0
PAUSE_SOCKETS = 1_000
# Seconds for the snapshots of the other workers to arrive at a worker that has just started.
ANSWER_SECONDS = 0.3
READY_SECONDS = 1.5


@dataclass(eq=False, slots=True)
class PresenceLease:
    """Context manager that counts one socket, or one member in a room. A class and not
    `@contextmanager`: that saves 1 KB per reader."""

    sync: "PresenceSync"
    room: int | None
    member: Member

    def __enter__(self) -> None:
        self.sync.add(self.room, self.member)

    def __exit__(self, *_: object) -> None:
        self.sync.remove(self.room, self.member)


class PresenceSync:
    """Counts members on this worker, and exchanges snapshots with the other workers."""

    def __init__(
        self, presence: Presence, ephemeral: EphemeralEvents, bus: Bus, tasks: Tasks
    ) -> None:
        self.presence = presence
        self.ephemeral = ephemeral
        self.bus = bus
        # Rooms in which a member arrived or left since the last list.
        self.changed_rooms: set[int] = set()
        # The list that each room received last.
        self.sent: dict[int, list[Member]] = {}
        self.snapshot_wanted = False
        self.leaving = False
        self.snapshot_sent_at = -SNAPSHOT_SECONDS
        self.changed = asyncio.Event()
        self.answered = asyncio.Event()
        if not bus.alone:
            bus.on(PRESENCE, self._on_snapshot)
            bus.on(LEAVING, self._on_leaving)
            bus.subscribe(WORKERS, self._on_subscribed)
        self.syncing = tasks.start_endless(self._sync())

    def connected(self, member: Member) -> PresenceLease:
        """A context manager that counts one socket of a member, and reserves the member's name."""
        return PresenceLease(self, None, member)

    def entered(self, room: int, member: Member) -> PresenceLease:
        """A context manager that counts a member in a room, and reserves the member's name."""
        return PresenceLease(self, room, member)

    def add(self, room: int | None, member: Member) -> None:
        """Counts a member in a room, or without a room one socket of a member."""
        self.presence.add(room, member)
        self._mark_changed(room)

    def remove(self, room: int | None, member: Member) -> None:
        """Reverts one `add`."""
        self.presence.remove(room, member)
        self._mark_changed(room)

    async def ready(self) -> None:
        """Waits until the other workers have sent their snapshots, if this worker has just
        started. Waits READY_SECONDS at most, and only once: Redis may be away."""
        if self.bus.alone or self.answered.is_set():
            return
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self.answered.wait()
        except TimeoutError:
            self.answered.set()

    def online(self, room: int) -> list[Member]:
        """The list of who is in a room, for a member who arrives. If the others received another
        list, all receive a new one after PAUSE_SECONDS."""
        online = self.presence.online(room)
        if online != self.sent.get(room):
            self.sent.pop(room, None)
        return online

    def leave(self) -> None:
        """Tells the other workers that this one stops. They keep its members for LEAVE_SECONDS, in
        which these reconnect there; so nothing more is sent."""
        self.leaving = True
        self.syncing.cancel()
        self.bus.broadcast(LEAVING)

    def _mark_changed(self, room: int | None = None) -> None:
        if room is not None:
            self.changed_rooms.add(room)
        self.snapshot_wanted = True
        self.changed.set()

    # ---- The other workers ----

    def _on_subscribed(self) -> None:
        self._mark_changed()
        asyncio.get_running_loop().call_later(ANSWER_SECONDS, self.answered.set)

    def _on_snapshot(self, message: Message) -> None:
        worker = message["worker"]
        if worker not in self.presence.remote:
            self._send_snapshot()  # The other worker has just started, and waits for this.
        changed = self.presence.merge_remote(worker, message["snapshot"], monotonic())
        self.changed_rooms |= changed
        self.changed.set()

    def _on_leaving(self, message: Message) -> None:
        self.presence.expire_soon(message["worker"], monotonic())

    # ---- Sending ----

    async def _sync(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SNAPSHOT_SECONDS):
                    await self.changed.wait()
            pause = PAUSE_SECONDS * (1 + self.presence.sockets / PAUSE_SOCKETS)
            await asyncio.sleep(min(pause, PAUSE_SECONDS_MOST))
            self.changed.clear()
            self.changed_rooms |= self.presence.drop_expired(monotonic())
            if self.snapshot_wanted or monotonic() - self.snapshot_sent_at >= SNAPSHOT_SECONDS:
                self._send_snapshot()
            self._send_lists()

    def _send_snapshot(self) -> None:
        self.snapshot_wanted, self.snapshot_sent_at = False, monotonic()
        if not self.leaving:
            self.bus.broadcast(PRESENCE, snapshot=self.presence.snapshot())

    def _send_lists(self) -> None:
        """Sends the list of who is online to the rooms in which it changed."""
        changed, self.changed_rooms = self.changed_rooms, set()
        for room in changed:
            online = self.presence.online(room)
            if room not in self.ephemeral.rooms:
                self.sent.pop(room, None)
            elif online != self.sent.get(room):
                self.sent[room] = online
                fields = {"online": [member.public() for member in online]}
                self.ephemeral.send_here(EphemeralEvent(room, "presence", fields))
