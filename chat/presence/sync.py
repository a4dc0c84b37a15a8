"""Keeps every worker's view of who is here the same: each tells the others who is with it, and
tells the rooms when that changes. Nothing is stored; a worker that was killed is not heard any
more, and one that missed something hears it again within seconds."""

import asyncio
from contextlib import suppress
from time import monotonic

from django.conf import settings

from chat.identity.members import Member
from chat.presence.ephemeral import Whisper, whispers
from chat.presence.presence import Register, presence
from realtime.bus import Message, relay
from realtime.tasks import PerLoop, forever

WORKERS = "workers"  # the group of them all
PEOPLE = "people"
LEAVING = "leaving"

TELL_SECONDS = 5.0  # and every so often, though nothing changed
# From a change until it is told: somebody who reloads a page, or polls again, has neither left
# nor come. Longer where many are here, since each time names them all; but never so long that
# others forget them.
PAUSE_SECONDS = 0.5
PAUSE_SECONDS_MOST = 5.0
PAUSE_SOCKETS = 1_000
# The answers of the other workers to one that has just begun.
ANSWER_SECONDS = 0.3
READY_SECONDS = 1.5


class Rollcall(Register):
    """Tells and hears who is where: what is held here is held for all workers."""

    def __init__(self) -> None:
        self.touched: set[int] = set()
        self.shown: dict[int, list[Member]] = {}
        self.untold = False
        self.leaving = False
        self.told_at = -TELL_SECONDS
        self.changed = asyncio.Event()
        self.answered = asyncio.Event()
        self.alone = not settings.REDIS_URL
        if not self.alone:
            relay().listen(PEOPLE, self._heard)
            relay().listen(LEAVING, self._left)
            relay().follow(WORKERS, self._subscribed)
        self.calling = forever(self._call())

    def come(self, room: int | None, member: Member) -> None:
        """Begins a stay."""
        presence.come(room, member)
        self._change(room)

    def go(self, room: int | None, member: Member) -> None:
        """Ends a stay."""
        presence.go(room, member)
        self._change(room)

    async def ready(self) -> None:
        """Waits until the other workers have told, if this one has just begun; not for long,
        and not again, since Redis may be away."""
        if self.alone or self.answered.is_set():
            return
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self.answered.wait()
        except TimeoutError:
            self.answered.set()

    def online(self, room: int) -> list[Member]:
        """Who is in a room, for somebody who comes. If it is not what the others were told,
        everybody is told when all has settled."""
        online = presence.online(room)
        if online != self.shown.get(room):
            self.shown.pop(room, None)
        return online

    def leave(self) -> None:
        """Tells the other workers that this one leaves. They keep its people for some seconds in
        which these come to them, and so nothing more is told."""
        self.leaving = True
        self.calling.cancel()
        if not self.alone:
            relay().send(WORKERS, LEAVING)

    def _change(self, room: int | None = None) -> None:
        if room is not None:
            self.touched.add(room)
        self.untold = True
        self.changed.set()

    # ---- The other workers ----

    def _subscribed(self) -> None:
        self._change()
        asyncio.get_running_loop().call_later(ANSWER_SECONDS, self.answered.set)

    def _heard(self, message: Message) -> None:
        worker = message["worker"]
        if worker not in presence.elsewhere:
            self._tell()  # it has just begun, and waits for this
        self.touched |= presence.hear(worker, message["people"], monotonic())
        self.changed.set()

    def _left(self, message: Message) -> None:
        presence.take_leave(message["worker"], monotonic())

    # ---- The call itself ----

    async def _call(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(TELL_SECONDS):
                    await self.changed.wait()
            pause = PAUSE_SECONDS * (1 + len(presence) / PAUSE_SOCKETS)
            await asyncio.sleep(min(pause, PAUSE_SECONDS_MOST))
            self.changed.clear()
            self.touched |= presence.forget(monotonic())
            if self.untold or monotonic() - self.told_at >= TELL_SECONDS:
                self._tell()
            self._show()

    def _tell(self) -> None:
        self.untold, self.told_at = False, monotonic()
        if not (self.alone or self.leaving):
            relay().send(WORKERS, PEOPLE, people=presence.tell())

    def _show(self) -> None:
        """Tells the rooms in which somebody came or went."""
        touched, self.touched = self.touched, set()
        for room in touched:
            online = presence.online(room)
            if room not in whispers().rooms:
                self.shown.pop(room, None)
            elif online != self.shown.get(room):
                self.shown[room] = online
                fields = {"online": [member.public() for member in online]}
                whispers().tell(Whisper(room, "presence", fields))


rollcall = PerLoop(Rollcall)
