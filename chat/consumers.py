"""The JSON socket: any number of rooms, each followed from a cursor."""

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from django.conf import settings

from chat import frames, rooms, taps
from chat.frames import FrameError
from chat.models import Room
from chat.presence import presence
from chat.rate import Bucket
from chat.rollcall import rollcall
from chat.rooms import Refused
from chat.socket import FLOODING, SILENT, Socket, cancel
from chat.tail import Batch, Reader
from chat.whispers import Ear, whispers

MERCY_SECONDS = 0.5
ROOMS_PER_SOCKET = 50
# A person who types says so every few seconds; more says nothing more.
TYPING_PER_SECOND = 1.0
TYPING_BURST = 2.0


class ChatSocket(Socket):
    """The JSON socket: any number of rooms, resumed from a cursor."""

    def subprotocol(self) -> str | None:
        """Ours, if the client offers it: one that offers none can do without."""
        return frames.SUBPROTOCOL if frames.SUBPROTOCOL in self.scope["subprotocols"] else None

    async def opened(self) -> None:
        """Says who the client is, and what it may send."""
        self.following: dict[str, Following] = {}
        self.writing: asyncio.Queue[frames.Write] = asyncio.Queue()
        self.whispers: dict[tuple[str, str], str] = {}
        self.whispering: asyncio.Task[None] | None = None
        self.typing_rate = Bucket(TYPING_PER_SECOND, TYPING_BURST, TYPING_BURST, self.heard)
        self.held.callback(self.release)
        await self.push(
            frames.encode(
                "welcome",
                version=frames.VERSION,
                member=self.member.public(),
                heartbeat_s=settings.HEARTBEAT_SECONDS,
                timeout_s=settings.SILENCE_SECONDS,
                limits={
                    "body": settings.CHAT_BODY_GRAPHEMES,
                    "frame": settings.CHAT_FRAME_BYTES,
                    "rate": settings.CHAT_MESSAGES_PER_SECOND,
                },
            )
        )
        self.spawn(self.heartbeat())
        self.spawn(self.write_in_order())

    async def turn_away(self, refused: Refused) -> None:
        """Says when to come again, and closes."""
        bye = frames.encode("bye", reason=refused.code, retry_after_ms=refused.retry_after_ms)
        await self.push(bye)
        await self.end(FLOODING)

    async def refuse(
        self, refused: Refused, cid: str | None = None, room: str | None = None
    ) -> None:
        """Sends an error; the socket lives."""
        await self.push(taps.refusal(refused, cid, room))

    async def take(self, text: str) -> None:
        """Decodes a frame and obeys it."""
        try:
            command = frames.decode(text)
        except FrameError as error:
            await self.refuse(Refused(error.code, error.message), error.cid, error.room)
        else:
            await self.obey(command)

    async def obey(self, command: frames.Command) -> None:
        """Carries out a command, or says why not."""
        try:
            match command:
                case frames.Join():
                    await self.join(command)
                case frames.Leave():
                    await self.leave(command.room)
                case frames.Say() | frames.Edit() | frames.Delete():
                    self.writing.put_nowait(command)
                case frames.History():
                    await self.history(command)
                case frames.Typing():
                    await self.typing(command)
                case frames.Read():
                    self.spawn(self.read(command))
                case frames.Ping():
                    await self.push(frames.encode("pong", ts=command.ts))
        except Refused as refused:
            room = getattr(command, "room", None)
            await self.refuse(refused, getattr(command, "cid", None), room)

    # ---- The verbs ----

    async def join(self, command: frames.Join) -> None:
        """Follows a room from a cursor. Joining again moves the cursor."""
        room = await rooms.enter(command.room, self.member)
        await self.leave(room.slug)
        if len(self.following) >= ROOMS_PER_SOCKET:
            raise Refused("forbidden", f"A socket follows at most {ROOMS_PER_SOCKET} rooms.")
        reader = await taps.open_reader(room)
        ear = Ear(room.slug, self.member.key, partial(self.hear, room.slug))
        followed = self.following[room.slug] = Following(room, reader, ear)
        followed.held.callback(reader.close)
        followed.held.enter_context(rollcall().entered(room.pk, self.member))
        reset = await reader.resume(command.cursor)
        followed.held.enter_context(whispers().listening(room.pk, ear))
        await self.push(
            frames.encode(
                "joined",
                room=room.slug,
                name=room.name,
                epoch=reader.tail.epoch,
                head=reader.tail.head,
                cursor=reader.cursor,
                reset=reset,
                online=[member.public() for member in presence.online(room.pk)],
                read=min(room.read_to, reader.tail.head),
            )
        )
        followed.task = self.spawn(self.follow(room, reader))

    async def leave(self, slug: str) -> None:
        """Stops following a room."""
        if followed := self.following.pop(slug, None):
            await followed.stop()

    def release(self) -> None:
        """Lets go of every room; the tasks have ended by then."""
        for followed in self.following.values():
            followed.held.close()

    async def write_in_order(self) -> None:
        """Writes one entry after another, while other frames are taken: the database may keep
        one waiting, and a ping must not wait for it. Those behind one that failed fail with it,
        so that none overtakes it."""
        while True:
            command = await self.writing.get()
            try:
                await self.write(command)
            except Refused as refused:
                await self.refuse(refused, command.cid, command.room)
                while refused.code == "internal" and not self.writing.empty():
                    command = self.writing.get_nowait()
                    await self.refuse(refused, command.cid, command.room)

    async def write(self, command: frames.Write) -> None:
        """Adds an entry, and tells its author where it stands."""
        room = await self.room(command.room)
        await self.push(await taps.write(room, self.member, command))

    async def history(self, command: frames.History) -> None:
        """Sends older entries."""
        room = await self.room(command.room)
        found, more = await rooms.history(room, command.before, command.limit)
        await self.push(frames.page(room.slug, command.before, found, more=more))

    async def typing(self, command: frames.Typing) -> None:
        """Tells the others in the room; too often, nobody."""
        room = await self.room(command.room)
        if not self.typing_rate.take(self.heard):
            rooms.typing(room, self.member)

    async def read(self, command: frames.Read) -> None:
        """Keeps how far the member has read, and tells their other tabs."""
        followed = self.following.get(command.room)
        ear = followed.ear if followed else None
        try:
            room = await self.room(command.room)
            await rooms.read(room, self.member, command.seq, by=ear)
        except Refused as refused:
            await self.refuse(refused, room=command.room)

    async def room(self, slug: str) -> Room:
        """The room by this name: one that is followed has been entered before."""
        if followed := self.following.get(slug):
            return followed.room
        return await rooms.enter(slug, self.member)

    # ---- What goes on beside ----

    async def follow(self, room: Room, reader: Reader) -> None:
        """Sends what follows the reader's cursor, as it comes."""
        form = EventsOf(room.slug)
        async for batch in reader:
            await self.push(batch.render(form))
        self.spawn(self.rejoin(room.slug, reader.cursor))

    def hear(self, slug: str, topic: str, text: str) -> None:
        """Takes a whisper in a room, to be sent as soon as the client takes it."""
        self.whispers[slug, topic] = text
        if self.whispering is None or self.whispering.done():
            self.whispering = self.spawn(self.whisper())

    async def whisper(self) -> None:
        """Sends the whispers that wait, the oldest topic first."""
        while self.whispers:
            await self.push(self.whispers.pop(next(iter(self.whispers))))

    async def rejoin(self, slug: str, cursor: str) -> None:
        """Comes back to a room whose log ended: to a new one, or where not everybody may be any
        more. Tells the client if it may not, or if there is none."""
        await self.leave(slug)
        while True:
            try:
                await self.join(frames.Join(slug, cursor))
                return
            except Refused as refused:
                if refused.code != "internal":
                    await self.refuse(refused, room=slug)
                    return
            await asyncio.sleep(rooms.RETRY_MS / 1000)

    async def check_rooms(self) -> None:
        """Leaves the rooms where this member may no longer be, and says so. Of public rooms the
        tail learns by itself when they close."""
        for slug in [slug for slug, followed in self.following.items() if not followed.open]:
            try:
                await rooms.enter(slug, self.member)
            except Refused as refused:
                if refused.code != "internal":
                    await self.leave(slug)
                    await self.refuse(refused, room=slug)

    async def heartbeat(self) -> None:
        """Asks for a sign of life, and closes the socket that gives none."""
        ask = time.monotonic() + settings.HEARTBEAT_SECONDS
        while True:
            await asyncio.sleep(min(ask, self.deadline()) - time.monotonic())
            if time.monotonic() >= self.deadline():
                # The machine itself may have slept: what has arrived meanwhile is read first.
                await asyncio.sleep(MERCY_SECONDS)
                if time.monotonic() >= self.deadline():
                    await self.end(SILENT)
                    return
            if time.monotonic() >= ask:
                ask = time.monotonic() + settings.HEARTBEAT_SECONDS
                await self.push(frames.encode("ping", ts=now_ms(), heads=self.heads()))

    def deadline(self) -> float:
        """When this socket has been silent for too long, on the monotonic clock."""
        return self.heard + settings.SILENCE_SECONDS

    def heads(self) -> dict[str, int]:
        """How far each room has come that this socket follows."""
        return {slug: followed.reader.tail.head for slug, followed in self.following.items()}


@dataclass(eq=False)
class Following:
    """A room that a socket follows."""

    room: Room
    reader: Reader
    ear: Ear
    held: ExitStack = field(default_factory=ExitStack)
    task: asyncio.Task[None] | None = None

    @property
    def open(self) -> bool:
        """Whether everybody may be in the room."""
        return self.room.is_public

    async def stop(self) -> None:
        """Ends it, in the middle of whatever it sends."""
        if self.task:
            await cancel([self.task])
        self.held.close()


@dataclass(frozen=True)
class EventsOf:
    """The form of a batch in which the JSON socket sends it."""

    room: str

    def __call__(self, batch: Batch) -> str:
        return frames.events(self.room, batch.cursor, batch.entries)


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)
