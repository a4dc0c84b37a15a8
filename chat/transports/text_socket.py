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
from realtime.log.tail import Batch
from realtime.revocation import room_subject


class TextSocket(BaseSocket):
    """The plain-text socket: one room, one frame per message."""

    transport = "plain"

    async def serve(self, receive: Any, name_error: str | None) -> None:
        """Follows the room of the path from its head. Raises Refused if the member may not."""
        self.pending_echoes: dict[str, str] = {}  # sent text by cid
        self.room = await rooms.join(self.scope["url_route"]["kwargs"]["room"], self.member)
        self.reader = await common.open_reader(self.room, self.transport)
        worker = current()
        with (
            self.reader,
            worker.presence_sync.entered(self.room.pk, self.member),
            worker.revocation.watch([room_subject(self.room.pk)], self.reconnect_soon),
        ):
            await super().serve(receive, name_error)

    async def on_open(self) -> None:
        """Starts sending the messages of the room."""
        self.start_task(self.send_messages())

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

    async def send_messages(self) -> None:
        """Sends the messages of the room, as long as the member may read it."""
        while True:
            with self.reader:
                async for batch in self.reader:
                    for cid, line in batch.render(render_lines):
                        await self.echo(cid)
                        await self.send_text(line)
            try:
                await self.reopen()
            except Refused as refused:
                if refused.code != "internal":
                    await self.close_with(refused)
                    return
                await asyncio.sleep(errors.RETRY_MS / 1000)

    async def reopen(self) -> None:
        """Opens a reader after the log has ended: from the cursor of the old one, or from the head
        if that cursor is not valid in the new log. Raises Refused."""
        self.room.is_public = False  # Unknown now: `check_rooms` looks it up.
        room = await rooms.enter(self.room.slug, self.member)
        reader = await common.open_reader(room, self.transport)
        try:
            if await common.resume(reader, self.reader.cursor):
                reader.seq = reader.tail.head
        except BaseException:
            reader.close()
            raise
        self.room, self.reader = room, reader

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
