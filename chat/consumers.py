"""The two sockets. Each decodes what its client wants, calls one verb and encodes the answer."""

import asyncio
import logging
import secrets
import time
from collections.abc import Coroutine, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast
from urllib.parse import parse_qs
from uuid import uuid4

from autobahn.exception import Disconnected
from channels.auth import get_user
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError

from chat import entries, frames, members, rooms, taps
from chat.frames import FrameError
from chat.members import Member
from chat.models import Room
from chat.presence import presence
from chat.rate import Bucket
from chat.rooms import Refused
from chat.tail import Batch, LogEnded, Reader, tails

logger = logging.getLogger(__name__)

PROTOCOL, SESSION_ENDED, FORBIDDEN, NOT_FOUND = 4400, 4401, 4403, 4404
SILENT, FLOODING = 4408, 4429
# Of what is refused before it began. Of the others, FLOODING says: not at once again.
CLOSE_CODES = {"forbidden": FORBIDDEN, "not_found": NOT_FOUND, "gone": NOT_FOUND}

ACCESS_CHECK_SECONDS = 60
MERCY_SECONDS = 0.5
ROOMS_PER_SOCKET = 50
RETRY_WHEN_FULL_MS = (10_000, 30_000)
# Frames of any kind, as a multiple of the messages that are allowed: refusals cost too.
FRAMES_PER_MESSAGE = 5


class Socket(AsyncWebsocketConsumer):
    """What both sockets have: a member, limits, tasks that end with the socket."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Runs the socket until it is gone. In place of Channels' own loop, which makes a
        channel of the layer and a task for every event, and does not clean up when it dies."""
        self.scope, self.base_send = scope, send
        self.tasks: set[asyncio.Task[None]] = set()
        self.ending = False
        self.heard = time.monotonic()
        rate = settings.CHAT_MESSAGES_PER_SECOND * FRAMES_PER_MESSAGE
        burst = settings.CHAT_BURST * FRAMES_PER_MESSAGE
        self.frame_rate = Bucket(rate, burst, burst, self.heard)
        with ExitStack() as self.held:
            try:
                while True:
                    await self.dispatch(await receive())
            except StopConsumer:
                pass
            finally:
                await cancel(self.tasks)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Calls the method for an event. In place of Channels' own, which first sends every
        event through the one thread that closes old database connections."""
        await getattr(self, message["type"].replace(".", "_"))(message)

    # ---- Coming and going ----

    async def connect(self) -> None:
        """Lets the client in, as somebody. Accepted at the end, when nothing that happens from
        then on can be missed, or to say why not: a failed handshake could not."""
        try:
            name_refused = await self.admit()
            await self.prepare()
        except Refused as refused:
            await self.accept(self.subprotocol())
            await self.turn_away(refused)
            return
        await self.accept(self.subprotocol())
        await self.opened()
        if name_refused:
            await self.refuse(Refused("forbidden", name_refused))

    async def admit(self) -> str | None:
        """Finds out who it is. Returns why they cannot have the name that they wanted."""
        if len(presence) >= settings.SOCKETS_PER_WORKER:
            least, most = RETRY_WHEN_FULL_MS
            wait = least + secrets.randbelow(most - least + 1)
            raise Refused("busy", f"The server is busy. Come again in {wait // 1000} s.", wait)
        self.member, name_refused = await member_of(self.scope)
        self.held.enter_context(presence.connected(self.member))
        self.spawn(self.check_access())
        return name_refused

    def subprotocol(self) -> str | None:
        """The subprotocol to agree on."""
        return None

    async def prepare(self) -> None:
        """Before the client is in."""

    async def opened(self) -> None:
        """The client is in."""

    async def turn_away(self, refused: Refused) -> None:
        """Says why not, and closes."""
        await self.refuse(refused)
        await self.end(CLOSE_CODES.get(refused.code, FLOODING))

    async def end(self, code: int) -> None:
        """Closes the socket; what still arrives on it is ignored."""
        if not self.ending:
            self.ending = True
            with suppress(Disconnected):
                await self.close(code=code)

    async def check_access(self) -> None:
        """Closes the socket about a minute after its person has logged out, and leaves rooms that
        were closed to them."""
        while True:
            await asyncio.sleep(ACCESS_CHECK_SECONDS)
            try:
                if await session_user_id(self.scope) != self.member.user_id:
                    await self.end(SESSION_ENDED)
                    return
            except DatabaseError:
                continue
            await self.check_rooms()

    async def check_rooms(self) -> None:
        """Leaves the rooms where this member may no longer be."""
        raise NotImplementedError

    # ---- Frames in and out ----

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Takes a frame, if it is one that may be sent here."""
        if self.ending:
            return
        self.heard = time.monotonic()
        if self.frame_rate.take(self.heard):
            logger.warning("Closed a socket of %s: too many frames.", self.member.key)
            await self.end(FLOODING)
        elif text_data is None or len(text_data.encode()) > settings.CHAT_FRAME_BYTES:
            await self.end(PROTOCOL)
        else:
            await self.take(text_data)

    async def take(self, text: str) -> None:
        """Does what a frame says."""
        raise NotImplementedError

    async def refuse(
        self, refused: Refused, cid: str | None = None, room: str | None = None
    ) -> None:
        """Tells the client why not."""
        raise NotImplementedError

    async def push(self, text: str) -> None:
        """Sends a frame. A client that has left in the meantime is no error."""
        if not self.ending:
            try:
                await self.send(text_data=text)
            except Disconnected:
                self.ending = True

    def spawn(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that ends with the socket."""
        task = asyncio.create_task(job)
        self.tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A task of %s failed.", self.member.key, exc_info=error)


class ChatSocket(Socket):
    """The JSON socket: any number of rooms, resumed from a cursor."""

    def subprotocol(self) -> str | None:
        """Ours, if the client offers it: one that offers none can do without."""
        return frames.SUBPROTOCOL if frames.SUBPROTOCOL in self.scope["subprotocols"] else None

    async def opened(self) -> None:
        """Says who the client is, and what it may send."""
        self.following: dict[str, Following] = {}
        self.writing: asyncio.Queue[frames.Write] = asyncio.Queue()
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
        reader = await open_reader(room)
        followed = self.following[room.slug] = Following(room, reader)
        followed.held.callback(reader.close)
        followed.held.enter_context(presence.entered(room.pk, self.member))
        reset = await reader.resume(command.cursor)
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
                read=0,
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


class LineSocket(Socket):
    """The plain-text socket: one room, one frame a message."""

    async def prepare(self) -> None:
        """Follows the room of the path from now on."""
        self.unechoed: dict[str, str] = {}
        self.room = await rooms.enter(self.scope["url_route"]["kwargs"]["room"], self.member)
        self.reader = await open_reader(self.room)
        self.held.callback(self.reader.close)
        self.held.enter_context(presence.entered(self.room.pk, self.member))

    async def opened(self) -> None:
        """Begins to say what is said."""
        self.spawn(self.follow())

    async def refuse(
        self, refused: Refused, cid: str | None = None, room: str | None = None
    ) -> None:
        """Says why not, in a line that begins as no message does."""
        await self.push(f"! {refused.message}")

    async def take(self, text: str) -> None:
        """Adds the frame as a message, and answers its sender alone with it."""
        cid = uuid4().hex
        self.unechoed[cid] = text
        try:
            await rooms.say(self.room, self.member, cid, text)
            await self.echo(cid)
        except Refused as refused:
            await self.refuse(refused)
        finally:
            self.unechoed.pop(cid, None)

    async def echo(self, cid: str) -> None:
        """Answers the sender, once; before the room hears it, whichever comes first here: the
        receipt, or the entry itself by way of the slow check."""
        text = self.unechoed.pop(cid, None)
        if text is not None:
            await self.push(text)

    async def follow(self) -> None:
        """Says what is said in the room, as long as there is one that this member may be in."""
        while True:
            async for batch in self.reader:
                for cid, line in batch.render(lines):
                    await self.echo(cid)
                    await self.push(line)
            try:
                await self.follow_on()
            except Refused as refused:
                if refused.code != "internal":
                    await self.turn_away(refused)
                    return
                await asyncio.sleep(rooms.RETRY_MS / 1000)

    async def follow_on(self) -> None:
        """Comes back to a room whose log ended. In a new log, begins at its head."""
        room = await rooms.enter(self.room.slug, self.member)
        reader = await open_reader(room)
        self.held.callback(reader.close)
        if await reader.resume(self.reader.cursor):
            reader.seq = reader.tail.head
        self.room, self.reader = room, reader

    async def check_rooms(self) -> None:
        """Closes the socket of who may no longer be in its room."""
        if not self.room.is_public:
            try:
                await rooms.enter(self.room.slug, self.member)
            except Refused as refused:
                if refused.code != "internal":
                    await self.turn_away(refused)


class NoSocket(Socket):
    """What answers on a path that has no socket. Accepted first, since a browser does not
    tell its page the code of a handshake that failed."""

    async def connect(self) -> None:
        await self.accept()
        await self.end(NOT_FOUND)


# ---- Their parts ---------------------------------------------------------------------


@dataclass(eq=False)
class Following:
    """A room that a socket follows."""

    room: Room
    reader: Reader
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


def lines(batch: Batch) -> list[tuple[str, str]]:
    """The form of a batch in which the plain-text socket sends it."""
    return [said for entry in batch.entries if (said := entries.line(entry))]


async def open_reader(room: Room) -> Reader:
    """A reader at the room's head. Refused if the room is gone or the database away."""
    try:
        return await tails().open(room.pk)
    except LogEnded:
        raise Refused("gone", "The room is gone.") from None
    except DatabaseError:
        raise rooms.unavailable() from None


async def member_of(scope: Any) -> tuple[Member, str | None]:
    """Who has opened this socket, and why not under the name that they wanted."""
    try:
        user: Any = await get_user(scope)
    except DatabaseError:
        raise rooms.unavailable() from None
    if user.is_authenticated:
        return members.user_member(user), None
    guest = members.guest_of(scope["cookies"])
    if guest is None:
        asked = parse_qs(scope["query_string"].decode("latin1")).get("name", [""])
        guest = members.new_guest(asked[0])
    return await rooms.admit(guest)


async def session_user_id(scope: Any) -> int | None:
    """The user who is logged in now by a socket's session, read afresh."""
    key = scope["session"].session_key
    if key is None:
        return None
    fresh = import_module(settings.SESSION_ENGINE).SessionStore(key)
    # All that it looks at of a scope is the session.
    user: Any = await get_user(cast(Any, {"session": fresh}))
    number: int | None = user.pk
    return number


async def cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Ends tasks, and waits until they have ended."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)
