"""The rooms that a JSON socket follows, each from a cursor, and what it is told of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from chat import rooms
from chat.models import Room
from chat.presence.ephemeral import Subscriber
from chat.protocol import frames
from chat.rooms import Refused
from chat.transports import common
from chat.transports.base_socket import Socket, cancel
from chat.worker import current
from realtime.log.reader import Reader
from realtime.log.tail import Batch
from realtime.resources import Held
from realtime.revocation import room_subject

ROOMS_PER_SOCKET = 50


@dataclass(eq=False, slots=True)
class Followed:
    """A room that a socket follows."""

    room: Room
    reader: Reader
    ear: Subscriber
    held: Held
    task: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """Ends it, in the middle of whatever it sends."""
        try:
            if self.task:
                await cancel([self.task])
        finally:
            self.held.close()


class Following:
    """The rooms of one socket, by their slugs."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.rooms: dict[str, Followed] = {}
        self.entering = asyncio.Lock()
        self.whispers: dict[tuple[str, str], str] = {}
        self.whispering = False

    def release(self) -> None:
        """Lets go of every room; the tasks have ended by then."""
        for followed in self.rooms.values():
            followed.held.close()

    def heads(self) -> dict[str, int]:
        """How far each room has come."""
        return {slug: followed.reader.tail.head for slug, followed in self.rooms.items()}

    def ear(self, slug: str) -> Subscriber | None:
        """What hears of a room here, if it is followed."""
        followed = self.rooms.get(slug)
        return followed.ear if followed else None

    async def room(self, slug: str) -> Room:
        """The room by this name. Of one that is followed the socket hears when everybody may
        no longer be in it; whether this member may be in another is asked each time. Refused."""
        followed = self.rooms.get(slug)
        if followed and followed.room.is_public:
            return followed.room
        return await rooms.enter(slug, self.socket.member)

    # ---- Coming and going ----

    async def join(self, command: frames.Join, after: Followed | None = None) -> None:
        """Follows a room from a cursor. Joining again moves the cursor; with `after`, only if
        that is still what the socket follows. Refused."""
        # One at a time: a client may join while the socket comes back to the room by itself.
        async with self.entering:
            if after is None or self.rooms.get(command.room) is after:
                enter = rooms.enter if after else rooms.join
                room = await enter(command.room, self.socket.member)
                if len(self.rooms.keys() | {room.slug}) > ROOMS_PER_SOCKET:
                    most = f"A socket follows at most {ROOMS_PER_SOCKET} rooms."
                    raise Refused("forbidden", most)
                held = Held()
                try:
                    await self._enter(room, command.cursor, held)
                except BaseException:
                    held.close()
                    raise

    async def _enter(self, room: Room, cursor: str | None, held: Held) -> None:
        """Begins to follow a room. Until it does, what was followed before goes on."""
        reader = await common.open_reader(room, self.socket.transport)
        held.enter(reader)
        reset = await common.resume(reader, cursor)
        ear = Subscriber(room.slug, self.socket.member.key, partial(self.hear, room.slug))
        held.enter(current().presence_sync.entered(room.pk, self.socket.member))
        await self._leave(room.slug)
        held.enter(current().ephemeral.subscribe(room.pk, ear))
        held.enter(current().revocation.watch([room_subject(room.pk)], self.socket.send_away))
        followed = self.rooms[room.slug] = Followed(room, reader, ear, held)
        await self.socket.push(joined(room, reader, reset=reset))
        followed.task = self.socket.spawn(self._follow(followed))

    async def leave(self, slug: str) -> None:
        """Stops following a room."""
        async with self.entering:
            await self._leave(slug)

    async def _leave(self, slug: str) -> None:
        if followed := self.rooms.pop(slug, None):
            await followed.stop()

    # ---- What goes on beside ----

    async def _follow(self, followed: Followed) -> None:
        """Sends what follows the reader's cursor, as it comes."""
        form, write = events_of(followed.room.slug), self.socket.at_once
        if write:
            followed.reader.push_now = lambda batch: write(batch.render(form))
        async for batch in followed.reader:
            await self.socket.push(batch.render(form))
        self.socket.spawn(self._rejoin(followed))

    async def _rejoin(self, ended: Followed) -> None:
        """Comes back to a room whose log ended: to a new one, or where not everybody may be any
        more. Tells the client if it may not, or if there is none."""
        slug, cursor = ended.room.slug, ended.reader.cursor
        while self.rooms.get(slug) is ended:
            try:
                await self.join(frames.Join(slug, cursor), after=ended)
            except Refused as refused:
                if refused.code == "internal":
                    await asyncio.sleep(rooms.RETRY_MS / 1000)
                else:
                    await self._put_out(slug, refused)

    async def check(self) -> None:
        """Leaves the rooms where this member may no longer be. Of public rooms the tail learns
        by itself when they close."""
        async with self.entering:
            pass  # one that is being entered may have been looked up before the right was gone
        for slug, followed in list(self.rooms.items()):
            if followed.room.is_public:
                continue
            try:
                await rooms.enter(slug, self.socket.member)
            except Refused as refused:
                if refused.code != "internal" and self.rooms.get(slug) is followed:
                    await self._put_out(slug, refused)

    async def _put_out(self, slug: str, refused: Refused) -> None:
        await self.leave(slug)
        await self.socket.refuse(refused, room=slug)

    def hear(self, slug: str, topic: str, text: str) -> None:
        """Takes a whisper in a room, to be sent as soon as the client takes it."""
        self.whispers[slug, topic] = text
        if not self.whispering:
            self.whispering = True
            self.socket.spawn(self._whisper())

    async def _whisper(self) -> None:
        """Sends the whispers that wait, the oldest topic first."""
        try:
            while self.whispers:
                await self.socket.push(self.whispers.pop(next(iter(self.whispers))))
        finally:
            self.whispering = False
            self.whispers.clear()  # which gives back its table too


def joined(room: Room, reader: Reader, *, reset: bool) -> str:
    """The frame that says where a reader stands, and who is there."""
    return frames.encode(
        "joined",
        room=room.slug,
        name=room.name,
        epoch=reader.tail.epoch,
        head=reader.tail.head,
        cursor=reader.cursor,
        reset=reset,
        online=[member.public() for member in current().presence_sync.online(room.pk)],
        read=min(room.read_to, reader.tail.head),
    )


@lru_cache(maxsize=1024)
def events_of(room: str) -> Callable[[Batch], str]:
    """The form of a batch in which the JSON socket sends it; the same for all who follow a room,
    so that it is found without being compared."""

    def events(batch: Batch) -> str:
        return frames.events(room, batch.cursor, batch.entries)

    return events
