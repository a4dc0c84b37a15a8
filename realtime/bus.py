"""Messages from worker to worker, over the channel layer. Hints, never the truth: each may fail,
be late or come twice, and whoever sends one must be able to do without it."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from math import inf
from time import monotonic
from typing import Any

from channels.layers import get_channel_layer

from realtime.tasks import PerLoop, forever

logger = logging.getLogger(__name__)

# Messages that wait while Redis is slow; what comes on top is dropped.
WAITING_MOST = 256
RETRY_SECONDS = 1.0
# Each try waits for a Redis that hangs, and a command may have a thousand things to tell.
PAUSE_SECONDS = 10.0

Message = dict[str, Any]


def room_group(room: int) -> str:
    """The group of the workers that have readers in a room."""
    return f"room.{room}"


class Relay:
    """One channel for the whole worker, and on it one subscription a group."""

    def __init__(self) -> None:
        self.worker = secrets.token_hex(4)
        self.ears: dict[str, Callable[[Message], None]] = {}
        self.wanted: dict[str, Callable[[], None]] = {}
        self.held: set[str] = set()
        self.channel = ""
        self.waiting: list[tuple[str, Message]] = []
        self.away = False
        self.changed = asyncio.Event()
        self.filled = asyncio.Event()
        self.emptied = asyncio.Event()
        self.emptied.set()
        self.tasks: set[asyncio.Task[None]] = set()

    def listen(self, type: str, heard: Callable[[Message], None]) -> None:
        """Gives every message of a type to `heard`, but for this worker's own."""
        self.ears[type] = heard

    def follow(self, group: str, subscribed: Callable[[], None]) -> None:
        """Begins to hear a group as soon as the channel layer is there, and then calls
        `subscribed`; again whenever the subscription had to be made anew."""
        self._start()
        self.wanted[group] = subscribed
        self.changed.set()

    def unfollow(self, group: str) -> None:
        """Stops hearing a group."""
        self.wanted.pop(group, None)
        self.changed.set()

    def send(self, group: str, type: str, **fields: Any) -> None:
        """Sends a message to the other workers of a group, without waiting for it."""
        self._start()
        if len(self.waiting) < WAITING_MOST:
            self.waiting.append((group, {"type": type, "worker": self.worker, **fields}))
            self.emptied.clear()
            self.filled.set()

    async def sent(self, patience: float) -> None:
        """Waits until what was to be sent is; `patience` seconds, since Redis may be away."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.emptied.wait()

    # ---- The tasks that talk to the channel layer ----

    def _start(self) -> None:
        if self.tasks:
            return
        for job in (self._send_waiting, self._listen, self._subscribe):
            self.tasks.add(forever(self._insist(job)))

    async def _insist(self, job: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        """Runs a job for ever, again after every failure."""
        while True:
            try:
                await job(get_channel_layer())
            except Exception as error:
                self._note(away=True, why=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    def _note(self, *, away: bool, why: str = "") -> None:
        if away and not self.away:
            logger.warning("The channel layer is away (%s); workers read the log instead.", why)
        elif self.away and not away:
            logger.info("The channel layer is back.")
        self.away = away

    async def _send_waiting(self, layer: Any) -> None:
        while True:
            await self.filled.wait()
            self.filled.clear()
            waiting, self.waiting = self.waiting, []
            await self._each([partial(layer.group_send, *each) for each in waiting])
            if not self.waiting:
                self.emptied.set()

    async def _listen(self, layer: Any) -> None:
        self.channel = await layer.new_channel()
        self.held.clear()
        self.changed.set()
        while True:
            self._heard(await layer.receive(self.channel))

    def _heard(self, message: Message) -> None:
        if message["worker"] != self.worker and (heard := self.ears.get(message["type"])):
            try:
                heard(message)
            except Exception:  # of a worker of another version, perhaps
                logger.exception("A message of type %.20r was not understood.", message["type"])

    async def _subscribe(self, layer: Any) -> None:
        while True:
            missing = self.wanted.keys() - self.held if self.channel else ()
            await self._each([partial(self._hold, layer, group) for group in missing])
            for group in self.held - self.wanted.keys():
                await layer.group_discard(group, self.channel)
                self.held.discard(group)
            await self.changed.wait()
            self.changed.clear()

    async def _hold(self, layer: Any, group: str) -> None:
        await layer.group_add(group, self.channel)
        self.held.add(group)
        if subscribed := self.wanted.get(group):
            subscribed()

    async def _each(self, steps: list[Callable[[], Coroutine[Any, Any, None]]]) -> None:
        """Takes each step, though one before it failed: of several servers of Redis one may be
        away. Then fails as the last that did."""
        failure: Exception | None = None
        for step in steps:
            try:
                await step()
            except Exception as error:
                failure = error
        if failure:
            raise failure
        if steps:
            self._note(away=False)


relay = PerLoop(Relay)


class Outsider:
    """Sends messages to the workers of a group from a process that is none, or not yet. After a
    failure it is silent for a while."""

    def __init__(self) -> None:
        self.failed_at = -inf

    async def send(self, group: str, type: str, **fields: Any) -> None:
        """Sends a message, and waits until it is sent or has failed."""
        if monotonic() - self.failed_at < PAUSE_SECONDS:
            return
        layer: Any = get_channel_layer()
        try:
            await layer.group_send(group, {"type": type, "worker": "", **fields})
        except Exception as error:
            self.failed_at = monotonic()
            why = error.__class__.__name__
            logger.warning("Workers are not told (%s), for %d s.", why, PAUSE_SECONDS)


outsider = Outsider()
