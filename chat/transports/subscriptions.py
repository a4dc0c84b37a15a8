"""The rooms that a JSON socket follows."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import cast

from chat import rooms
from chat.models import Room
from chat.presence.ephemeral import Subscriber
from chat.protocol import frames
from chat.protocol.commands import Join
from chat.transports import common
from chat.transports.base_socket import BaseSocket, cancel
from chat.worker import current
from realtime import errors
from realtime.errors import Refused
from realtime.log.reader import Reader
from realtime.log.tail import Batch
from realtime.revocation import room_subject

ROOMS_PER_SOCKET = 50


@dataclass(eq=False, slots=True)
class RoomSubscription:
    """A room that a socket follows. The task sends its entries, and releases the reader and the
    rest when it is cancelled."""

    room: Room
    reader: Reader
    subscriber: Subscriber
    task: asyncio.Task[None]


class RoomSubscriptions:
    """The rooms of one socket, by slug, and the ephemeral events that wait to be sent."""

    def __init__(self, socket: BaseSocket) -> None:
        self.socket = socket
        self.rooms: dict[str, RoomSubscription] = {}
        # A client may join a room while the socket rejoins it by itself.
        self.joining = asyncio.Lock()
        self.pending_events: dict[tuple[str, str], str] = {}  # frames by slug and topic
        self.sending_events = False

    def heads(self) -> dict[str, int]:
        """The head of each room, by slug."""
        return {slug: joined.reader.tail.head for slug, joined in self.rooms.items()}

    def subscriber(self, slug: str) -> Subscriber | None:
        """The receiver of ephemeral events in a room; None if the socket does not follow it."""
        subscription = self.rooms.get(slug)
        return subscription.subscriber if subscription else None

    async def room(self, slug: str) -> Room:
        """The room with this slug. Raises Refused if the member may not enter it. A public room
        that the socket follows is not looked up: its reader ends when the room is closed."""
        subscription = self.rooms.get(slug)
        if subscription and subscription.room.is_public:
            return subscription.room
        return await rooms.enter(slug, self.socket.member)

    # ---- Joining and leaving ---------------------------------------------------------

    async def join(self, command: Join, replaced: RoomSubscription | None = None) -> None:
        """Follows a room from a cursor; a second join moves the cursor. With `replaced`, does
        nothing unless that is still the subscription to the room. Raises Refused."""
        async with self.joining:
            if replaced and self.rooms.get(command.room) is not replaced:
                return
            enter = rooms.enter if replaced else rooms.join
            room = await enter(command.room, self.socket.member)
            if len(self.rooms.keys() | {room.slug}) > ROOMS_PER_SOCKET:
                most = f"A socket follows at most {ROOMS_PER_SOCKET} rooms."
                raise Refused("forbidden", most)
            reader = await common.open_reader(room, self.socket.transport)
            try:
                reset = await common.resume(reader, command.cursor)
                joined = asyncio.get_running_loop().create_future()
                self.socket.start_task(self._follow(room, reader, joined, reset=reset))
                await joined
            except BaseException:
                reader.close()  # The task may have been cancelled before it began.
                raise

    async def leave(self, slug: str) -> None:
        """Stops following a room."""
        async with self.joining:
            await self._cancel(slug)

    async def _cancel(self, slug: str) -> None:
        if subscription := self.rooms.pop(slug, None):
            await cancel([subscription.task])

    # ---- The task of a subscription --------------------------------------------------

    async def _follow(
        self, room: Room, reader: Reader, joined: asyncio.Future[None], *, reset: bool
    ) -> None:
        """Sends what follows the reader's cursor, until the task is cancelled. `joined` is done
        when the `joined` frame was sent."""
        # All in one coroutine, with `with` and no ExitStack: each saves about 1 KB per room.
        worker, member = current(), self.socket.member
        send_event = partial(self.send_event, room.slug)
        subscriber = Subscriber(room.slug, member.key, send_event)
        try:
            with reader, worker.presence_sync.entered(room.pk, member):
                # An earlier subscription to the room continues until here.
                await self._cancel(room.slug)
                with (
                    worker.ephemeral.subscribe(room.pk, subscriber),
                    worker.revocation.watch([room_subject(room.pk)], self.socket.reconnect_soon),
                ):
                    task = cast(asyncio.Task[None], asyncio.current_task())
                    subscription = RoomSubscription(room, reader, subscriber, task)
                    self.rooms[room.slug] = subscription
                    await self.socket.send_text(joined_frame(room, reader, reset=reset))
                    if not joined.done():
                        joined.set_result(None)
                    render, send_now = events_renderer(room.slug), self.socket.send_now
                    if send_now:
                        reader.push_now = lambda batch: send_now(batch.render(render))
                    async for batch in reader:
                        await self.socket.send_text(batch.render(render))
                    self.socket.start_task(self._rejoin(subscription))
                    # The member stays present until the next subscription cancels this task.
                    await asyncio.get_running_loop().create_future()
        except Exception as error:
            if joined.done():
                raise
            joined.set_exception(error)
        finally:
            joined.cancel()

    async def _rejoin(self, ended: RoomSubscription) -> None:
        """Joins a room again after its log has ended: it was deleted, closed to the public, or has
        a new log. Retries while the database is away; tells the client if it may not."""
        slug, cursor = ended.room.slug, ended.reader.cursor
        while self.rooms.get(slug) is ended:
            try:
                await self.join(Join(slug, cursor), replaced=ended)
            except Refused as refused:
                if refused.code == "internal":
                    await asyncio.sleep(errors.RETRY_MS / 1000)
                else:
                    await self._remove(slug, refused)

    async def check_access(self) -> None:
        """Leaves the rooms that the member may no longer enter. Public rooms need no check: their
        reader ends when they are closed."""
        async with self.joining:
            pass  # A room that is being joined may have been looked up before the right was lost.
        for slug, subscription in list(self.rooms.items()):
            if subscription.room.is_public:
                continue
            try:
                await rooms.enter(slug, self.socket.member)
            except Refused as refused:
                if refused.code != "internal" and self.rooms.get(slug) is subscription:
                    await self._remove(slug, refused)

    async def _remove(self, slug: str, refused: Refused) -> None:
        await self.leave(slug)
        await self.socket.send_error(refused, room=slug)

    # ---- Ephemeral events ------------------------------------------------------------

    def send_event(self, slug: str, topic: str, frame: str) -> None:
        """Sends an ephemeral event as soon as the client takes it. It replaces one on the same
        topic that still waits."""
        self.pending_events[slug, topic] = frame
        if not self.sending_events:
            self.sending_events = True
            self.socket.start_task(self._send_events())

    async def _send_events(self) -> None:
        """Sends the events that wait, the oldest topic first."""
        try:
            while self.pending_events:
                await self.socket.send_text(
                    self.pending_events.pop(next(iter(self.pending_events)))
                )
        finally:
            self.sending_events = False
            self.pending_events.clear()  # Also frees the dict's table.


def joined_frame(room: Room, reader: Reader, *, reset: bool) -> str:
    """The frame that answers `join`: where the reader is, and who is in the room."""
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
def events_renderer(room: str) -> Callable[[Batch], str]:
    """The function that renders a batch of this room as a frame. Cached, so that all sockets in a
    room pass the same function to `Batch.render`, which finds the frame by it."""

    def render(batch: Batch) -> str:
        return frames.events(room, batch.cursor, batch.entries)

    return render
