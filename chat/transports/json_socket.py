"""The JSON socket: any number of rooms, each followed from a cursor."""

import asyncio
import time
from typing import Any

from django.conf import settings

from chat import rooms
from chat.identity import members
from chat.log import read_receipts
from chat.protocol import commands, frames
from chat.protocol.commands import Command, FrameError, WriteCommand
from chat.transports import common
from chat.transports.base_socket import BaseSocket
from chat.transports.subscriptions import RoomSubscriptions
from chat.worker import current
from realtime.errors import RETRY_MS, CloseCode, Refused
from realtime.rate_limit import Bucket

# Seconds between the end of the silence limit and the close. After the machine has slept, frames
# that had already arrived are read in this time.
SILENCE_GRACE_SECONDS = 0.5
# A client that sends `typing` more often tells the others nothing new.
TYPING_PER_SECOND = 1.0
TYPING_BURST = 2.0


class JsonSocket(BaseSocket):
    """The JSON socket: any number of rooms, resumed from a cursor."""

    transport = "json"

    def subprotocol(self) -> str | None:
        """Ours, if the client offers it. A client that offers none is served as well."""
        return frames.SUBPROTOCOL if frames.SUBPROTOCOL in self.scope["subprotocols"] else None

    def set_attributes(self, send: Any) -> None:
        """Sets every attribute of this class too."""
        super().set_attributes(send)
        self.subscriptions = RoomSubscriptions(self)
        self.pending_writes: list[WriteCommand] = []
        self.writing = False
        self.keeps_receipts = False
        self.has_receipts = False
        self.typing_rate = Bucket(TYPING_PER_SECOND, TYPING_BURST, TYPING_BURST, self.received_at)
        self.ping_at = self.received_at + settings.HEARTBEAT_SECONDS
        self.next_check = min(self.access_check_at, self.ping_at, self.silent_at())

    async def on_open(self) -> None:
        """Sends `welcome`: who the client is, and its limits."""
        self.keeps_receipts = members.is_persistent(self.member, self.scope["cookies"])
        await self.send_text(
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

    def release(self) -> None:
        """Deletes the read receipts of a guest who has no cookie to return with."""
        if self.has_receipts and not self.keeps_receipts:
            current().tasks.start(read_receipts.forget(self.member.key))

    async def check_rooms(self) -> None:
        """Leaves the rooms that the member may no longer enter, and tells the client."""
        await self.subscriptions.check_access()

    async def send_reason(self, refused: Refused) -> None:
        """Sends `bye`: why the socket closes, and when to reconnect."""
        code, wait = refused.error.wire_code, refused.retry_after_ms
        await self.send_text(frames.encode("bye", reason=code, retry_after_ms=wait))

    async def send_error(
        self, refused: Refused, cid: str | None = None, room: str | None = None
    ) -> None:
        """Sends an `error`; `cid` and `room` are those of the command."""
        await self.send_text(frames.error(refused, cid, room))

    # ---- Commands --------------------------------------------------------------------

    async def handle_frame(self, text: str) -> None:
        """Decodes a command and carries it out."""
        try:
            command = commands.decode(text)
        except FrameError as error:
            await self.send_error(error, error.cid, error.room)
            return
        try:
            await self.execute(command)
        except Refused as refused:
            cid, room = getattr(command, "cid", None), getattr(command, "room", None)
            await self.send_error(refused, cid, room)

    async def execute(self, command: Command) -> None:
        """Carries out a command. Raises Refused."""
        match command:
            case commands.Join():
                await self.subscriptions.join(command)
            case commands.Leave():
                await self.subscriptions.leave(command.room)
            case commands.Say() | commands.Edit() | commands.Delete():
                self.write_soon(command)
            case commands.History():
                await self.history(command)
            case commands.Typing():
                await self.typing(command)
            case commands.Read():
                self.start_task(self.read(command))
            case commands.Ping():
                await self.send_text(frames.encode("pong", ts=command.ts))

    def write_soon(self, command: WriteCommand) -> None:
        """Writes an entry after those that wait. Raises Refused if too many wait: this is the only
        limit to them while the database is locked."""
        if len(self.pending_writes) >= settings.CHAT_BURST:
            raise Refused("rate_limited", "Too many messages wait.", RETRY_MS)
        self.pending_writes.append(command)
        if not self.writing:
            self.writing = True
            self.start_task(self.write_in_order())

    async def write_in_order(self) -> None:
        """Writes the commands that wait, one after another, while other frames are handled. If one
        fails with `internal`, all behind it fail too, so that none overtakes it."""
        try:
            while self.pending_writes:
                command = self.pending_writes.pop(0)
                try:
                    await self.write(command)
                except Refused as refused:
                    await self.send_error(refused, command.cid, command.room)
                    while refused.code == "internal" and self.pending_writes:
                        command = self.pending_writes.pop(0)
                        await self.send_error(refused, command.cid, command.room)
        finally:
            self.writing = False

    async def write(self, command: WriteCommand) -> None:
        """Appends an entry and sends its `ack`. Closes the socket instead if the member of an edit
        or delete has logged out."""
        if not isinstance(command, commands.Say) and not await self.is_logged_in():
            await self.close(CloseCode.SESSION_ENDED)
            return
        room = await self.subscriptions.room(command.room)
        await self.send_text(await common.write(room, self.member, command))

    async def history(self, command: commands.History) -> None:
        """Sends a page of older entries."""
        room = await self.subscriptions.room(command.room)
        entries, more = await rooms.history(room, command.before, command.limit)
        await self.send_text(frames.page(room.slug, command.before, entries, more=more))

    async def typing(self, command: commands.Typing) -> None:
        """Tells the others in the room, unless this client told them a moment ago."""
        room = await self.subscriptions.room(command.room)
        if not self.typing_rate.take(self.received_at):
            rooms.typing(room, self.member)

    async def read(self, command: commands.Read) -> None:
        """Stores how far the member has read, and tells the member's other sockets."""
        try:
            room = await self.subscriptions.room(command.room)
            self.has_receipts = True
            subscriber = self.subscriptions.subscriber(room.slug)
            await rooms.read(room, self.member, command.seq, by=subscriber)
        except Refused as refused:
            await self.send_error(refused, room=command.room)

    # ---- Heartbeat -------------------------------------------------------------------

    def on_timer(self, now: float) -> None:
        """Sends a ping when it is due, and closes the socket of a silent client."""
        super().on_timer(now)
        if now >= self.silent_at():
            self.start_task(self.close_if_silent())
        if now >= self.ping_at:
            self.ping_at = now + settings.HEARTBEAT_SECONDS
            self.start_task(self.send_ping())
        silence_check_at = max(self.silent_at(), now + 2 * SILENCE_GRACE_SECONDS)
        self.next_check = min(self.access_check_at, self.ping_at, silence_check_at)

    async def send_ping(self) -> None:
        """Sends a ping with the heads of the rooms."""
        now_ms = int(time.time() * 1000)
        await self.send_text(frames.encode("ping", ts=now_ms, heads=self.subscriptions.heads()))

    async def close_if_silent(self) -> None:
        """Closes the socket, unless a frame arrives within SILENCE_GRACE_SECONDS."""
        await asyncio.sleep(SILENCE_GRACE_SECONDS)
        if time.monotonic() >= self.silent_at():
            await self.close(CloseCode.SILENT)

    def silent_at(self) -> float:
        """When the silence limit is reached, on the monotonic clock."""
        return self.received_at + settings.SILENCE_SECONDS
