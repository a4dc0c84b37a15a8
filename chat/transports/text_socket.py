"""The plain-text socket: for a terminal, a device, or ten lines of a script."""

import asyncio
from typing import Any
from uuid import uuid4

from chat import rooms
from chat.protocol import entries
from chat.transports import common
from chat.transports.base_socket import BaseSocket
from chat.worker import current
from realtime import errors
from realtime.errors import Refused
from realtime.log.reader import Reader
from realtime.log.tail import Batch
from realtime.revocation import room_subject


class TextSocket(BaseSocket):
    """The plain-text socket: one room, one frame per message."""

    transport = "plain"

    def set_attributes(self, send: Any) -> None:
        """Sets every attribute of this class too."""
        super().set_attributes(send)
        self.pending_echoes: dict[str, str] = {}  # sent text by cid
        self.reader: Reader | None = None
        self.since = 0  # Revocation.count before the rights were looked up

    async def prepare(self) -> None:
        """Opens a reader at the head of the room in the path."""
        self.since = current().revocation.count
        self.room = await rooms.join(self.scope["url_route"]["kwargs"]["room"], self.member)
        self.reader = await common.open_reader(self.room, self.transport)

    async def on_open(self) -> None:
        """Starts sending the messages of the room."""
        self.start_task(self.follow(self.room.pk))

    def release(self) -> None:
        """Closes the reader."""
        if self.reader:
            self.reader.close()

    async def send_error(
        self, refused: Refused, cid: str | None = None, room: str | None = None
    ) -> None:
        """Sends the reason as a line that begins as no message does."""
        await self.send_text(f"! {refused.message}")

    async def handle_frame(self, text: str) -> None:
        """Appends the frame as a message, and sends it back to its sender."""
        cid = uuid4().hex
        self.pending_echoes[cid] = text
        try:
            await rooms.say(self.room, self.member, cid, text)
            await self.echo(cid)
        except Refused as refused:
            await self.send_error(refused)
        finally:
            self.pending_echoes.pop(cid, None)

    async def echo(self, cid: str) -> None:
        """Sends a message back to its sender, once. Called by whichever sees the message first:
        the command when it is committed, or the reader."""
        text = self.pending_echoes.pop(cid, None)
        if text is not None:
            await self.send_text(text)

    async def follow(self, room: int) -> None:
        """Sends the messages of the room, as long as the member may read it."""
        worker, subjects = current(), [room_subject(room)]
        with (
            worker.presence_sync.entered(room, self.member),
            worker.revocation.watch(subjects, self.reconnect_soon, self.since),
        ):
            reader = self.reader
            while reader:
                async for batch in reader:
                    for cid, line in batch.render(render_lines):
                        await self.echo(cid)
                        await self.send_text(line)
                reader.close()
                reader = await self.reopen_or_close(reader.cursor)

    async def reopen_or_close(self, cursor: str) -> Reader | None:
        """Opens a reader after the log has ended; waits while the database is away. Closes the
        socket and returns None if the member may no longer enter the room."""
        while True:
            try:
                return await self.reopen(cursor)
            except Refused as refused:
                if refused.code != "internal":
                    await self.close_with(refused)
                    return None
                await asyncio.sleep(errors.RETRY_MS / 1000)

    async def reopen(self, cursor: str) -> Reader:
        """A reader from the cursor on. If it is not valid in a new log: from the newest entry that
        the old and the new log have in common, or from the head. Raises Refused."""
        ended = self.reader
        self.room.is_public = False  # Unknown now: `check_rooms` looks it up.
        room = await rooms.enter(self.room.slug, self.member)
        reader = await common.open_reader(room, self.transport)
        try:
            if await common.resume(reader, cursor) and ended:
                reader.continue_after(ended.tail)
        except BaseException:
            reader.close()
            raise
        self.room, self.reader = room, reader
        return reader

    async def check_rooms(self) -> None:
        """Closes the socket if the member may no longer enter the room."""
        if not self.room.is_public:
            try:
                await rooms.enter(self.room.slug, self.member)
            except Refused as refused:
                if refused.code != "internal":
                    await self.close_with(refused)


def render_lines(batch: Batch) -> list[tuple[str, str]]:
    """The messages of a batch as this socket sends them: the cid and the line of each."""
    return [line for entry in batch.entries if (line := entries.text_line(entry))]
