"""Messages from worker to worker, over the channel layer. They are hints: a message may be lost,
late or doubled, and no sender may rely on it. The database is the truth.

Sites may share a Redis. Every name in it begins with the prefix of the site.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from math import inf
from time import monotonic
from typing import Any

from channels.layers import get_channel_layer

from realtime.tasks import Tasks

logger = logging.getLogger(__name__)

# The group that every worker subscribes to.
WORKERS = "workers"
# Messages that wait to be sent while Redis is slow. Further messages are dropped.
OUTBOX_LENGTH = 256
RETRY_SECONDS = 1.0
# How long an external publisher is silent after a failure: each attempt waits for a Redis that
# hangs, and one command may publish a thousand messages.
PAUSE_SECONDS = 10.0
# How often the prefix is read again. It changes when the database server restarts.
PREFIX_SECONDS = 5.0

Message = dict[str, Any]
Handler = Callable[[Message], None]
# Returns the prefix of the site. Raises an error while it cannot be found.
FindPrefix = Callable[[], Awaitable[str]]


def log_group(kind: str, log: int) -> str:
    """The name of the group of the workers that read a log, such as `room.7`."""
    return f"{kind}.{log}"


def full_name(prefix: str, name: str) -> str:
    """A name in the channel layer, such as `1f0a93b2c4d5e6f7.room.7`."""
    return f"{prefix}.{name}"


async def no_other_site() -> str:
    """The prefix if no other site uses the channel layer."""
    return "site"


class Bus:
    """One channel of the channel layer for the whole worker, and one subscription per group.

    `alone` says that there is no other worker: nothing is then sent to the group of all workers.
    """

    def __init__(
        self, tasks: Tasks, *, alone: bool, find_prefix: FindPrefix = no_other_site
    ) -> None:
        self.worker = secrets.token_hex(4)
        self.alone = alone
        self.tasks = tasks
        self.find_prefix = find_prefix
        self.prefix = ""
        self.handlers: dict[str, Handler] = {}
        # Wanted subscriptions, each with the callback for "messages arrive from now on".
        self.subscriptions: dict[str, Callable[[], None]] = {}
        self.subscribed: set[str] = set()
        self.subscribed_prefix = ""
        self.channel = ""
        self.outbox: list[tuple[str, Message]] = []
        self.away = False
        self.prefix_found = asyncio.Event()
        self.subscriptions_changed = asyncio.Event()
        self.outbox_filled = asyncio.Event()
        self.outbox_empty = asyncio.Event()
        self.outbox_empty.set()
        self.running: set[asyncio.Task[None]] = set()

    def on(self, type: str, handler: Handler) -> None:
        """Calls `handler` with every message of this type that another worker sent."""
        self.handlers[type] = handler

    def subscribe(self, group: str, on_subscribed: Callable[[], None]) -> None:
        """Subscribes to a group as soon as the channel layer answers, then calls
        `on_subscribed`; again whenever the subscription had to be renewed."""
        self._start()
        self.subscriptions[group] = on_subscribed
        self.subscriptions_changed.set()

    def unsubscribe(self, group: str) -> None:
        """Ends the subscription to a group."""
        self.subscriptions.pop(group, None)
        self.subscriptions_changed.set()

    def send(self, group: str, type: str, **fields: Any) -> None:
        """Sends a message to the other workers of a group. Does not wait."""
        self._start()
        if len(self.outbox) < OUTBOX_LENGTH:
            self.outbox.append((group, {"type": type, "worker": self.worker, **fields}))
            self.outbox_empty.clear()
            self.outbox_filled.set()

    def broadcast(self, type: str, **fields: Any) -> None:
        """Sends a message to all other workers, if there can be any. Does not wait."""
        if not self.alone:
            self.send(WORKERS, type, **fields)

    async def flush(self, seconds: float) -> None:
        """Waits until the outbox is empty, at most this long: Redis may be away."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.outbox_empty.wait()

    # ---- The tasks that talk to the channel layer ----

    def _start(self) -> None:
        if self.running:
            return
        for job in (self._send_outbox, self._receive, self._sync_subscriptions):
            self.running.add(self.tasks.start_endless(self._run_forever(job)))
        self.running.add(self.tasks.start_endless(self._follow_prefix()))

    async def _follow_prefix(self) -> None:
        """Finds the prefix, and changes it when it has changed. Otherwise a worker that was
        restarted after the database would not reach the others."""
        while True:
            try:
                prefix = await self.find_prefix()
            except Exception as error:
                if not self.prefix:
                    logger.warning("Bus waits for the database: %s", type(error).__name__)
            else:
                if prefix != self.prefix:
                    self.prefix = prefix
                    self.prefix_found.set()
                    self.subscriptions_changed.set()
            await asyncio.sleep(PREFIX_SECONDS if self.prefix else RETRY_SECONDS)

    async def _run_forever(self, job: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        """Runs a job again after every failure."""
        await self.prefix_found.wait()
        while True:
            try:
                await job(get_channel_layer())
            except Exception as error:
                self._set_away(True, why=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    def _set_away(self, away: bool, why: str = "") -> None:
        if away and not self.away:
            logger.warning("Channel layer unreachable (%s); workers poll the database.", why)
        elif self.away and not away:
            logger.info("Channel layer reachable again.")
        self.away = away

    async def _send_outbox(self, layer: Any) -> None:
        while True:
            await self.outbox_filled.wait()
            self.outbox_filled.clear()
            outbox, self.outbox = self.outbox, []
            sending = [(full_name(self.prefix, group), message) for group, message in outbox]
            await self._run_each([partial(layer.group_send, *item) for item in sending])
            if not self.outbox:
                self.outbox_empty.set()

    async def _receive(self, layer: Any) -> None:
        self.channel = await layer.new_channel(full_name(self.prefix, ""))
        self.subscribed.clear()
        self.subscriptions_changed.set()
        while True:
            self._handle(await layer.receive(self.channel))

    def _handle(self, message: Message) -> None:
        if message["worker"] == self.worker:
            return
        if handler := self.handlers.get(message["type"]):
            try:
                handler(message)
            except Exception:  # The sender may be a worker of another version.
                logger.exception("Message handler failed (type %.20r).", message["type"])

    async def _sync_subscriptions(self, layer: Any) -> None:
        while True:
            if self.subscribed_prefix != self.prefix:
                await self._unsubscribe(layer, set(self.subscribed))
                self.subscribed_prefix = self.prefix
            missing = self.subscriptions.keys() - self.subscribed if self.channel else ()
            await self._run_each([partial(self._subscribe_one, layer, group) for group in missing])
            await self._unsubscribe(layer, self.subscribed - self.subscriptions.keys())
            await self.subscriptions_changed.wait()
            self.subscriptions_changed.clear()

    async def _subscribe_one(self, layer: Any, group: str) -> None:
        await layer.group_add(full_name(self.subscribed_prefix, group), self.channel)
        self.subscribed.add(group)
        if on_subscribed := self.subscriptions.get(group):
            on_subscribed()

    async def _unsubscribe(self, layer: Any, groups: set[str]) -> None:
        for group in groups:
            await layer.group_discard(full_name(self.subscribed_prefix, group), self.channel)
            self.subscribed.discard(group)

    async def _run_each(self, steps: list[Callable[[], Coroutine[Any, Any, None]]]) -> None:
        """Runs every step, also after one failed: of several Redis servers one may be away.
        Raises the last failure."""
        failure: Exception | None = None
        for step in steps:
            try:
                await step()
            except Exception as error:
                failure = error
        if failure:
            raise failure
        if steps:
            self._set_away(False)


class ExternalPublisher:
    """Sends messages to workers from a process that is not a worker, such as a management
    command."""

    def __init__(self, find_prefix: FindPrefix) -> None:
        self.find_prefix = find_prefix
        self.prefix = ""
        self.prefix_read_at = -inf
        self.failed_at = -inf

    async def send(self, group: str, type: str, **fields: Any) -> None:
        """Sends a message, and waits until it is sent or has failed."""
        if monotonic() - self.failed_at < PAUSE_SECONDS:
            return
        layer: Any = get_channel_layer()
        try:
            # Not for each message: one command may publish a thousand.
            if monotonic() - self.prefix_read_at >= PREFIX_SECONDS:
                self.prefix = await self.find_prefix()
                self.prefix_read_at = monotonic()
            message = {"type": type, "worker": "", **fields}
            await layer.group_send(full_name(self.prefix, group), message)
        except Exception as error:
            self.failed_at = monotonic()
            why = error.__class__.__name__  # `type` is the message type here.
            logger.warning("Workers not notified (%s); pausing for %d s.", why, PAUSE_SECONDS)
