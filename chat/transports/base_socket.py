"""The base class of the WebSockets: life cycle, limits, and tasks that end with the socket."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from contextvars import copy_context
from typing import Any, NoReturn

from autobahn.exception import Disconnected
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from chat.identity import sessions
from chat.identity.members import Member
from chat.transports import admission
from chat.worker import current
from realtime.detach import detach
from realtime.errors import CloseCode, Refused
from realtime.extensions import SEND_NOW
from realtime.rate_limit import Bucket
from realtime.revocation import person_subjects

logger = logging.getLogger(__name__)

ACCESS_CHECK_SECONDS = 60
MAX_RESTART_MS = 2_000  # the random wait before a client reconnects to another worker
# Frames of any type, per message that is allowed: refused frames cost work too.
FRAMES_PER_MESSAGE = 5

# The member until `admission.identify` has returned the real one.
UNKNOWN = Member("", "", guest=True)


class BaseSocket(AsyncWebsocketConsumer):
    """A Channels consumer without a channel of its own.

    `__call__` and `dispatch` are replaced: Channels makes a channel and several tasks for each
    consumer, and sends every event through the one thread that closes old database connections.
    So groups and `connect` are not used (`prepare` and `on_open` are); the rest is as in Channels.
    """

    transport: str
    session_key: str | None
    groups: list[str] = []  # Channels would make a list for each instance.

    # ---- Life cycle ------------------------------------------------------------------

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Runs the socket; on `config.server` after the middleware stack has returned."""
        self.scope = scope
        if not detach(scope, self.run):
            await self.run(receive, send)

    async def run(self, receive: Any, send: Any) -> None:
        """Runs the socket until the client has disconnected, and releases everything then."""
        worker = current()
        self.set_attributes(send)
        worker.sockets.add(self)
        try:
            await receive()  # `websocket.connect` is always the first event.
            since = worker.revocation.count
            try:
                self.member, name_error = await admission.identify(self.scope)
            except Refused as refused:
                await self.refuse_connection(refused)
                await self.dispatch_events(receive)
            self.session_key = self.scope["session"].session_key
            subjects = person_subjects(self.member.key, self.session_key)
            # `with` and no ExitStack: that would add 1 KB to the 17 KB of a socket. The loop stands
            # here for the same reason: each coroutine that waits for another takes 0.3 KB.
            with (
                worker.presence_sync.connected(self.member),
                worker.revocation.watch(subjects, self.check_access_soon, since),
            ):
                await self.open(name_error)
                while True:
                    await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            worker.socket_timer.discard(self)
            await cancel(self.tasks)
            try:
                self.release()
            finally:
                worker.sockets.discard(self)

    def set_attributes(self, send: Any) -> None:
        """Sets every attribute here: CPython then shares one key table between instances (saves
        0.8 KB each)."""
        self.base_send = send
        extensions: Any = self.scope.get("extensions") or {}
        # Sends a text if the client takes it now; only on `config.server`.
        self.send_now: Callable[[str], bool] | None = extensions.get(SEND_NOW)
        self.context = copy_context()
        self.tasks: set[asyncio.Task[None]] = set()
        self.opened = asyncio.get_running_loop().create_future()
        self.closing = False
        self.received_at = time.monotonic()
        self.access_check_at = self.next_check = self.received_at + ACCESS_CHECK_SECONDS
        rate = settings.CHAT_MESSAGES_PER_SECOND * FRAMES_PER_MESSAGE
        burst = settings.CHAT_BURST * FRAMES_PER_MESSAGE
        self.frame_rate = Bucket(rate, burst, burst, self.received_at)
        self.member = UNKNOWN
        self.session_key = None

    async def open(self, name_error: str | None) -> None:
        """Accepts the client, or tells it why not. `name_error` says why the client does not have
        the name that it asked for."""
        try:
            await self.prepare()
        except Refused as refused:
            await self.refuse_connection(refused)
            return
        await self.accept(self.subprotocol())
        await self.on_open()
        # The headers of a browser take more memory than the socket.
        del self.scope
        self.opened.set_result(None)
        current().socket_timer.add(self)
        if current().sockets.draining:
            await self.close_with(restart("The server restarts."))
        if name_error:
            name = _("You are called %s.") % self.member.name
            await self.send_error(Refused("forbidden", f"{name_error} {name}"))

    async def refuse_connection(self, refused: Refused) -> None:
        """Tells the client why it is refused, and closes. Accepts it first: browsers hide the
        reason of a failed handshake from the page."""
        await self.accept(self.subprotocol())
        await self.close_with(refused)

    async def dispatch_events(self, receive: Any) -> NoReturn:
        """Handles events until the client has disconnected: then it raises StopConsumer."""
        while True:
            await self.dispatch(await receive())

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Calls the method for an event, as `websocket_receive` for `websocket.receive`."""
        await getattr(self, message["type"].replace(".", "_"))(message)

    def subprotocol(self) -> str | None:
        """The subprotocol to agree on."""
        return None

    async def prepare(self) -> None:
        """Called before the client is accepted. Raises Refused if it may not connect."""

    async def on_open(self) -> None:
        """Called when the client has been accepted."""

    def release(self) -> None:
        """Called last, when the tasks of the socket have ended."""

    # ---- Closing ---------------------------------------------------------------------

    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        """Closes the socket, once. Frames that still arrive are ignored."""
        if not self.closing:
            self.closing = True
            with suppress(Disconnected):
                await super().close(code, reason)

    async def close_with(self, refused: Refused) -> None:
        """Sends the reason, and closes with the code for it."""
        await self.send_reason(refused)
        await self.close(refused.error.close_code)

    def drain(self) -> None:
        """Asks the client to reconnect, since the worker stops."""
        if self.opened.done():
            self.start_task(self.close_with(restart("The server restarts.")))

    def reconnect_soon(self) -> None:
        """Asks the client to reconnect, since staff closed the connections of a room."""
        self.start_task(self._reconnect())

    async def _reconnect(self) -> None:
        await asyncio.wait([self.opened])
        await self.close_with(restart("The connections of this room were closed."))

    # ---- Access ----------------------------------------------------------------------

    def on_timer(self, now: float) -> None:
        """Checks the access every minute: revocations are hints, and may be missed."""
        if now >= self.access_check_at:
            self.access_check_at = now + ACCESS_CHECK_SECONDS
            self.check_access_soon()
        self.next_check = self.access_check_at

    def check_access_soon(self) -> None:
        """Starts an access check."""
        self.start_task(self.check_access())

    async def check_access(self) -> None:
        """Closes the socket if the session has ended, and leaves rooms that the member may no
        longer enter. Waits until the socket is open."""
        await asyncio.wait([self.opened])
        if await self.is_logged_in():
            await self.check_rooms()
        else:
            await self.close(CloseCode.SESSION_ENDED)

    async def is_logged_in(self) -> bool:
        """Whether the session still belongs to this member. True while the database is away."""
        try:
            return await sessions.is_logged_in(self.member, self.session_key)
        except DatabaseError:
            return True

    async def check_rooms(self) -> None:
        """Leaves the rooms that the member may no longer enter."""

    # ---- Frames ----------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Handles a frame within the limits, and closes the socket beyond them."""
        if self.closing:
            return
        self.received_at = time.monotonic()
        if self.frame_rate.take(self.received_at):
            current().counters.refusals["frames"] += 1
            logger.warning("WebSocket closed: too many frames from %s", self.member.key)
            await self.close(CloseCode.TRY_LATER)
        elif text_data is None or len(text_data.encode()) > settings.CHAT_FRAME_BYTES:
            await self.close(CloseCode.BAD_FRAME)
        else:
            await self.handle_frame(text_data)

    async def handle_frame(self, text: str) -> None:
        """Handles a text frame."""
        raise NotImplementedError

    async def send_error(
        self, refused: Refused, cid: str | None = None, room: str | None = None
    ) -> None:
        """Tells the client why a command was refused. The socket stays open."""
        raise NotImplementedError

    async def send_reason(self, refused: Refused) -> None:
        """Tells the client why the socket closes."""
        await self.send_error(refused)

    async def send_text(self, text: str) -> None:
        """Sends a frame. Does nothing if the client has disconnected."""
        if not self.closing:
            message: Any = {"type": "websocket.send", "text": text}
            try:
                await self.base_send(message)
            except Disconnected:
                self.closing = True

    # ---- Tasks -----------------------------------------------------------------------

    def start_task(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts a task that is cancelled when the socket ends.

        It runs in this socket's context, not in the caller's: a query in the caller's context
        would wait for the caller's database thread and could deadlock.
        """
        task = asyncio.get_running_loop().create_task(job, context=self.context)
        self.tasks.add(task)
        task.add_done_callback(self._on_task_done, context=self.context)
        return task

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("WebSocket task failed (%s)", self.member.key, exc_info=error)


class NotFoundSocket(BaseSocket):
    """Closes sockets on unknown paths. It accepts first: browsers hide the close code of a failed
    handshake from the page."""

    transport = "none"

    async def run(self, receive: Any, send: Any) -> None:
        """Accepts and closes."""
        self.set_attributes(send)
        await receive()  # `websocket.connect`
        await self.accept()
        await self.close(CloseCode.NOT_FOUND)
        with suppress(StopConsumer):
            await self.dispatch_events(receive)


def restart(message: str) -> Refused:
    """Asks a client to reconnect, at a random moment within MAX_RESTART_MS."""
    return Refused("restart", message, secrets.randbelow(MAX_RESTART_MS))


async def cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels tasks, and waits until they have ended."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
