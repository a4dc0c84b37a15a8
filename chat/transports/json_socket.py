"""The JSON socket: any number of rooms, each followed from a cursor."""

import asyncio
import time
from typing import Any

from django.conf import settings

from chat import rooms
from chat.identity import members
from chat.log import read_receipts
from chat.protocol import frames
from chat.protocol.frames import FrameError
from chat.rooms import Refused
from chat.transports import common
from chat.transports.base_socket import FLOODING, RESTART, SESSION_ENDED, SILENT, Socket
from chat.transports.subscriptions import Following
from chat.worker import current
from realtime.rate_limit import Bucket

MERCY_SECONDS = 0.5
# A person who types says so every few seconds; more says nothing more.
TYPING_PER_SECOND = 1.0
TYPING_BURST = 2.0


class ChatSocket(Socket):
    """The JSON socket: any number of rooms, resumed from a cursor."""

    transport = "json"

    def subprotocol(self) -> str | None:
        """Ours, if the client offers it: one that offers none can do without."""
        return frames.SUBPROTOCOL if frames.SUBPROTOCOL in self.scope["subprotocols"] else None

    def begin(self, send: Any) -> None:
        """Sets whatever it keeps."""
        super().begin(send)
        self.following = Following(self)
        self.can_return = self.marked = self.writing = False
        self.waiting: list[frames.Write] = []
        self.typing_rate = Bucket(TYPING_PER_SECOND, TYPING_BURST, TYPING_BURST, self.heard)
        self.ask_at = self.heard + settings.HEARTBEAT_SECONDS
        self.next_check = min(self.check_at, self.ask_at, self.deadline())

    async def opened(self) -> None:
        """Says who the client is, and what it may send."""
        self.can_return = members.can_return(self.member, self.scope["cookies"])
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

    async def turn_away(self, refused: Refused) -> None:
        """Says when to come again, and closes."""
        await self.bye(refused)
        await self.end(FLOODING)

    async def take_leave(self, refused: Refused) -> None:
        """Says when to come again, and closes with 1012."""
        await self.bye(refused)
        await self.end(RESTART)

    async def bye(self, refused: Refused) -> None:
        """Says why the server closes, and when to come again."""
        wait = refused.retry_after_ms
        await self.push(frames.encode("bye", reason=refused.code, retry_after_ms=wait))

    async def refuse(
        self, refused: Refused, cid: str | None = None, room: str | None = None
    ) -> None:
        """Sends an error; the socket lives."""
        await self.push(common.refusal(refused, cid, room))

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
                    await self.following.join(command)
                case frames.Leave():
                    await self.following.leave(command.room)
                case frames.Say() | frames.Edit() | frames.Delete():
                    self.write_soon(command)
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

    def release(self) -> None:
        """Lets go of every room; the tasks have ended by then."""
        self.following.release()
        if self.marked and not self.can_return:
            current().tasks.start(read_receipts.forget(self.member.key))

    def write_soon(self, command: frames.Write) -> None:
        """Writes an entry after those that wait. Refused if they are too many: while the database
        is locked nothing leaves, and nothing else bounds them."""
        if len(self.waiting) >= settings.CHAT_BURST:
            raise Refused("rate_limited", "Too many messages wait.", rooms.RETRY_MS)
        self.waiting.append(command)
        if not self.writing:
            self.writing = True
            self.spawn(self.write_in_order())

    async def write_in_order(self) -> None:
        """Writes one entry after another, while other frames are taken: the database may keep
        one waiting, and a ping must not wait for it. Those behind one that failed fail with it,
        so that none overtakes it."""
        try:
            while self.waiting:
                command = self.waiting.pop(0)
                try:
                    await self.write(command)
                except Refused as refused:
                    await self.refuse(refused, command.cid, command.room)
                    while refused.code == "internal" and self.waiting:
                        command = self.waiting.pop(0)
                        await self.refuse(refused, command.cid, command.room)
        finally:
            self.writing = False

    async def write(self, command: frames.Write) -> None:
        """Adds an entry, and tells its author where it stands. Whoever changes what is said has
        not logged out since."""
        if not isinstance(command, frames.Say) and not await self.is_logged_in():
            await self.end(SESSION_ENDED)
            return
        room = await self.following.room(command.room)
        await self.push(await common.write(room, self.member, command))

    async def history(self, command: frames.History) -> None:
        """Sends older entries."""
        room = await self.following.room(command.room)
        found, more = await rooms.history(room, command.before, command.limit)
        await self.push(frames.page(room.slug, command.before, found, more=more))

    async def typing(self, command: frames.Typing) -> None:
        """Tells the others in the room; too often, nobody."""
        room = await self.following.room(command.room)
        if not self.typing_rate.take(self.heard):
            rooms.typing(room, self.member)

    async def read(self, command: frames.Read) -> None:
        """Keeps how far the member has read, and tells their other tabs."""
        try:
            room = await self.following.room(command.room)
            self.marked = True
            await rooms.read(room, self.member, command.seq, by=self.following.ear(room.slug))
        except Refused as refused:
            await self.refuse(refused, room=command.room)

    # ---- What goes on beside ----

    async def check_rooms(self) -> None:
        """Leaves the rooms where this member may no longer be, and says so."""
        await self.following.check()

    def on_timer(self, now: float) -> None:
        """Asks for a sign of life, and closes the socket that gives none."""
        super().on_timer(now)
        if now >= self.deadline():
            self.spawn(self.close_if_silent())
        if now >= self.ask_at:
            self.ask_at = now + settings.HEARTBEAT_SECONDS
            self.spawn(self.ask())
        silent = max(self.deadline(), now + 2 * MERCY_SECONDS)
        self.next_check = min(self.check_at, self.ask_at, silent)

    async def ask(self) -> None:
        """Asks for a sign of life, and says how far the rooms have come."""
        await self.push(frames.encode("ping", ts=now_ms(), heads=self.following.heads()))

    async def close_if_silent(self) -> None:
        """Closes the socket, unless something came. The machine itself may have slept: what has
        arrived meanwhile is read first."""
        await asyncio.sleep(MERCY_SECONDS)
        if time.monotonic() >= self.deadline():
            await self.end(SILENT)

    def deadline(self) -> float:
        """When this socket has been silent for too long, on the monotonic clock."""
        return self.heard + settings.SILENCE_SECONDS


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)
