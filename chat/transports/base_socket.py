"""What every socket does alike: it lets somebody in, takes their frames within limits, and leaves
nothing behind."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from contextvars import copy_context
from typing import Any
from urllib.parse import parse_qs

from autobahn.exception import Disconnected
from channels.auth import get_user
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from chat import rooms
from chat.identity.members import Member
from chat.rooms import Refused
from chat.transports import common
from chat.worker import current
from realtime import connection_limit, detach
from realtime.extensions import SEND_NOW
from realtime.rate_limit import Bucket
from realtime.resources import Held
from realtime.revocation import person_subjects

logger = logging.getLogger(__name__)

RESTART = 1012
RETRY_WHEN_RESTARTED_MS = 2_000
PROTOCOL, SESSION_ENDED, FORBIDDEN, NOT_FOUND = 4400, 4401, 4403, 4404
SILENT, FLOODING = 4408, 4429
# Of what is refused before it began. Of the others, FLOODING says: not at once again.
CLOSE_CODES = {"forbidden": FORBIDDEN, "not_found": NOT_FOUND, "gone": NOT_FOUND}

ACCESS_CHECK_SECONDS = 60
RETRY_WHEN_FULL_MS = (10_000, 30_000)
# Frames of any kind, as a multiple of the messages that are allowed: refusals cost too.
FRAMES_PER_MESSAGE = 5


# Who has not been let in yet.
NOBODY = Member("", "", guest=True)


class Socket(AsyncWebsocketConsumer):
    """What both sockets have: a member, limits, tasks that end with the socket."""

    transport: str
    groups: list[str] = []  # else Channels makes a list for each

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Runs the socket, when all that led to it has returned if that can be."""
        self.scope = scope
        if not detach.accepts(scope, self.run):
            await self.run(receive, send)

    async def run(self, receive: Any, send: Any) -> None:
        """Runs the socket until it is gone. In place of Channels' own loop, which makes a
        channel of the layer and a task for every event, and does not clean up when it dies."""
        self.begin(send)
        current().sockets.add(self)
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            current().socket_timer.discard(self)
            await cancel(self.tasks)
            try:
                self.release()
            finally:
                self.held.close()
                current().sockets.discard(self)

    def begin(self, send: Any) -> None:
        """Sets whatever it keeps. At once: what is set while others begin has no place in the
        keys that all share, and each then has 0.8 KB of its own."""
        self.base_send = send
        # Sends a text if the client takes it at once, or says that it does not. Ours, and no
        # part of ASGI: under another server everything is pushed.
        extensions: Any = self.scope.get("extensions") or {}
        self.at_once: Callable[[str], bool] | None = extensions.get(SEND_NOW)
        self.context = copy_context()
        self.tasks: set[asyncio.Task[None]] = set()
        self.inside = asyncio.get_running_loop().create_future()
        self.ending = False
        self.heard = time.monotonic()
        self.check_at = self.next_check = self.heard + ACCESS_CHECK_SECONDS
        rate = settings.CHAT_MESSAGES_PER_SECOND * FRAMES_PER_MESSAGE
        burst = settings.CHAT_BURST * FRAMES_PER_MESSAGE
        self.frame_rate = Bucket(rate, burst, burst, self.heard)
        self.held = Held()
        self.member: Member = NOBODY
        self.session_key: str | None = None

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
        # All is known that there is to know: the headers of browsers take more than a socket.
        del self.scope
        self.inside.set_result(None)
        current().socket_timer.add(self)
        if current().sockets.draining:
            await self.take_leave(restart("The server restarts."))
        if name_refused:
            called = _("You are called %s.") % self.member.name
            await self.refuse(Refused("forbidden", f"{name_refused} {called}"))

    async def admit(self) -> str | None:
        """Finds out who it is. Returns why they cannot have the name that they wanted."""
        address = (self.scope.get("client") or [None])[0]
        full = current().presence.sockets >= settings.SOCKETS_PER_WORKER
        current().counters.refusals["full"] += full
        if full or connection_limit.one_too_many(address):
            least, most = RETRY_WHEN_FULL_MS
            wait = least + secrets.randbelow(most - least + 1)
            raise Refused("busy", f"The server is busy. Come again in {wait // 1000} s.", wait)
        since = current().revocation.count
        self.member, name_refused = await member_of(self.scope)
        self.session_key = self.scope["session"].session_key
        self.held.enter(current().presence_sync.connected(self.member))
        whom = person_subjects(self.member.key, self.session_key)
        self.held.enter(current().revocation.watch(whom, self.look_again, since))
        return name_refused

    def subprotocol(self) -> str | None:
        """The subprotocol to agree on."""
        return None

    async def prepare(self) -> None:
        """Before the client is in."""

    async def opened(self) -> None:
        """The client is in."""

    def release(self) -> None:
        """Lets go of what the socket holds beside; its tasks have ended by then."""

    async def turn_away(self, refused: Refused) -> None:
        """Says why not, and closes."""
        await self.refuse(refused)
        await self.end(CLOSE_CODES.get(refused.code, FLOODING))

    async def take_leave(self, refused: Refused) -> None:
        """Says why the server goes, and closes."""
        await self.refuse(refused)
        await self.end(RESTART)

    def drain(self) -> None:
        """Sends the client away, since the worker stops."""
        if self.inside.done():
            self.spawn(self.take_leave(restart("The server restarts.")))

    async def end(self, code: int) -> None:
        """Closes the socket; what still arrives on it is ignored."""
        if not self.ending:
            self.ending = True
            with suppress(Disconnected):
                await self.close(code=code)

    def look_again(self) -> None:
        """Looks at once whether the client may still be here: something has changed."""
        self.spawn(self.check())

    def send_away(self) -> None:
        """Closes the socket of a client that is to come back, not all at the same moment."""
        self.spawn(self._send_away())

    async def _send_away(self) -> None:
        await asyncio.wait([self.inside])
        await self.take_leave(restart("The connections of this room were closed."))

    def on_timer(self, now: float) -> None:
        """Looks every minute, in case that this worker was not told."""
        if now >= self.check_at:
            self.check_at = now + ACCESS_CHECK_SECONDS
            self.spawn(self.check())
        self.next_check = self.check_at

    async def check(self) -> None:
        """Closes the socket of a person who has logged out, and leaves rooms that were closed to
        them. What changes while the client comes in is looked at when it is."""
        await asyncio.wait([self.inside])
        if await self.is_logged_in():
            await self.check_rooms()
        else:
            await self.end(SESSION_ENDED)

    async def is_logged_in(self) -> bool:
        """Whether the client is still who it was when the socket opened. Nobody is sent away
        because the database is."""
        try:
            return await common.is_logged_in(self.member, self.session_key)
        except DatabaseError:
            return True

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
            current().counters.refusals["frames"] += 1
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
            message: Any = {"type": "websocket.send", "text": text}
            try:
                await self.base_send(message)
            except Disconnected:
                self.ending = True

    def spawn(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that ends with the socket. In its context, whoever asks for it: in that of
        another its questions to the database would wait for the thread of that one, which may
        wait for this."""
        task = asyncio.get_running_loop().create_task(job, context=self.context)
        self.tasks.add(task)
        task.add_done_callback(self._finished, context=self.context)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A task of %s failed.", self.member.key, exc_info=error)


def restart(why: str) -> Refused:
    """What is said to a client that is to come back: when."""
    return Refused("restart", why, secrets.randbelow(RETRY_WHEN_RESTARTED_MS))


class NoSocket(Socket):
    """What answers on a path that has no socket. Accepted first, since a browser does not
    tell its page the code of a handshake that failed."""

    transport = "none"

    async def connect(self) -> None:
        await self.accept()
        await self.end(NOT_FOUND)


async def member_of(scope: Any) -> common.Admitted:
    """Who has opened this socket, and why not under the name that they wanted."""
    try:
        user: Any = await get_user(scope)
    except DatabaseError:
        raise rooms.unavailable() from None
    asked = parse_qs(scope["query_string"].decode("latin1")).get("name", [""])
    return await common.admit(user, scope["cookies"], asked[0])


async def cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Ends tasks, and waits until they have ended."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
