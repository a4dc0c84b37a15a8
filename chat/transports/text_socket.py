"""The plain-text socket: for a terminal, a device, or ten lines of a script."""

import asyncio
from uuid import uuid4

from chat import rooms
from chat.protocol import entries
from chat.rooms import Refused
from chat.transports import common
from chat.transports.base_socket import Socket
from chat.worker import current
from realtime.log.tail import Batch
from realtime.revocation import room_subject


class LineSocket(Socket):
    """The plain-text socket: one room, one frame a message."""

    transport = "plain"

    async def prepare(self) -> None:
        """Follows the room of the path from now on."""
        self.unechoed: dict[str, str] = {}
        self.room = await rooms.join(self.scope["url_route"]["kwargs"]["room"], self.member)
        self.reader = await common.open_reader(self.room, self.transport)
        self.held.enter(self.reader)
        self.held.enter(current().presence_sync.entered(self.room.pk, self.member))
        self.held.enter(current().revocation.watch([room_subject(self.room.pk)], self.send_away))

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
        self.room.is_public = False  # until it is known again, it is asked for
        room = await rooms.enter(self.room.slug, self.member)
        reader = await common.open_reader(room, self.transport)
        self.held.enter(reader)
        if await common.resume(reader, self.reader.cursor):
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


def lines(batch: Batch) -> list[tuple[str, str]]:
    """The form of a batch in which the plain-text socket sends it."""
    return [said for entry in batch.entries if (said := entries.line(entry))]
