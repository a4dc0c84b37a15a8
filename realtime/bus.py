"""Messages from worker to worker, over the channel layer. They are hints: a message may be lost,
late or doubled, and no sender may rely on it. The database is the truth.

Sites may share a Redis. Every name in it begins with the prefix of the site.
"""

import asyncio
import logging
import secrets
from binascii import crc32
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from time import monotonic
from typing import Any

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import get_channel_layer
from django.conf import settings

from realtime.tasks import Tasks

logger = logging.getLogger(__name__)

# The group that every worker subscribes to.
WORKERS = "workers"
# Messages that wait to be sent while Redis is slow. Further messages are dropped.
OUTBOX_LENGTH = 256
RETRY_SECONDS = 1.0
# A Redis that is away refuses at once; one that hangs needs longer.
HANG_SECONDS = 1.0
# How long an external publisher is silent after a failure: each attempt waits for a Redis that
# hangs, and one command may publish a thousand messages.
PAUSE_SECONDS = 10.0
# How often the prefix is read again. It changes when the database server restarts.
PREFIX_SECONDS = 5.0

Message = dict[str, Any]
Handler = Callable[[Message], None]
# Returns the prefix of the site. Raises an error while it cannot be found.
FindPrefix = Callable[[], Awaitable[str]]


def bus_layers() -> Sequence[str]:
    """The names of the channel layers that the bus uses. A project that sets no BUS_LAYERS has
    one."""
    layers: Sequence[str] = getattr(settings, "BUS_LAYERS", [DEFAULT_CHANNEL_LAYER])
    return layers


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
    """One channel of a channel layer for the whole worker, and one subscription per group.

    `alone` says that there is no other worker: nothing is then sent to the group of all workers.
    """

    def __init__(
        self,
        tasks: Tasks,
        *,
        alone: bool,
        find_prefix: FindPrefix = no_other_site,
        layer: str = DEFAULT_CHANNEL_LAYER,
    ) -> None:
        self.worker = secrets.token_hex(4)
        self.alone = alone
        self.layer = layer  # its name in CHANNEL_LAYERS
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

    async def close(self) -> None:
        """Closes the connections to the channel layer. It may be away."""
        layer: Any = get_channel_layer(self.layer)
        try:
            await layer.flush()
        except Exception as error:
            logger.warning("Channel layer not closed (%s).", type(error).__name__)

    def is_away(self) -> bool:
        """Whether the last attempt to reach the channel layer failed."""
        return self.away

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
        waits = False
        while True:
            try:
                prefix = await self.find_prefix()
            except Exception as error:
                if not (self.prefix or waits):
                    logger.warning("Bus waits for the database: %s", type(error).__name__)
                waits = True
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
                await job(get_channel_layer(self.layer))
            except Exception as error:
                self._set_away(True, why=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    def _set_away(self, away: bool, why: str = "") -> None:
        if away and not self.away:
            where = "" if self.layer == DEFAULT_CHANNEL_LAYER else f", {self.layer}"
            logger.warning(
                "Channel layer unreachable (%s); workers poll the database.", why + where
            )
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
        """Runs every step, also after one failed at once: of several Redis servers one may be
        away. Not after one that waited: a server that hangs would make each step wait. Raises the
        last failure."""
        failure: Exception | None = None
        started = monotonic()
        for step in steps:
            try:
                await step()
            except Exception as error:
                failure = error
                self._set_away(True, why=type(error).__name__)
                if monotonic() - started > HANG_SECONDS:
                    break
        if failure:
            raise failure
        if steps:
            self._set_away(False)


class ShardedBus(Bus):
    """A bus over several channel layers: one for each log, and all of them for the group of all
    workers. A layer that is away, or hangs, delays the messages of its own logs only."""

    def __init__(
        self, tasks: Tasks, *, alone: bool, find_prefix: FindPrefix, layers: Sequence[str]
    ) -> None:
        super().__init__(tasks, alone=alone)
        self.parts = [
            Bus(tasks, alone=alone, find_prefix=find_prefix, layer=layer) for layer in layers
        ]
        for part in self.parts:
            part.worker, part.handlers = self.worker, self.handlers

    def subscribe(self, group: str, on_subscribed: Callable[[], None]) -> None:
        """Subscribes to a group, then calls `on_subscribed`, once for each channel layer."""
        for part in self._parts_of(group):
            part.subscribe(group, on_subscribed)

    def unsubscribe(self, group: str) -> None:
        """Ends the subscription to a group."""
        for part in self._parts_of(group):
            part.unsubscribe(group)

    def send(self, group: str, type: str, **fields: Any) -> None:
        """Sends a message to the other workers of a group. Does not wait."""
        for part in self._parts_of(group):
            part.send(group, type, **fields)
            if not part.away:  # A layer that is away gets it too: that shows when it is back.
                return

    def _parts_of(self, group: str) -> list[Bus]:
        """The layers of a group. All workers subscribe to each of them."""
        if group == WORKERS:
            return self.parts
        return [self.parts[crc32(group.encode()) % len(self.parts)]]

    async def flush(self, seconds: float) -> None:
        """Waits until every outbox is empty, at most this long."""
        await asyncio.gather(*(part.flush(seconds) for part in self.parts))

    async def close(self) -> None:
        """Closes the connections to all channel layers."""
        await asyncio.gather(*(part.close() for part in self.parts))

    def is_away(self) -> bool:
        """Whether one of the channel layers is away."""
        return any(part.away for part in self.parts)


class ExternalPublisher:
    """Sends messages to all workers from a process that is not a worker, such as a management
    command."""

    def __init__(self, find_prefix: FindPrefix) -> None:
        self.find_prefix = find_prefix
        self.prefix = ""
        self.prefix_read_at = -inf
        self.failed_at = -inf
        self.failures = 0  # one more for each attempt that failed

    async def send(self, group: str, type: str, **fields: Any) -> None:
        """Sends a message over the channel layer that worked last, otherwise over another one.
        Waits until it is sent or has failed. Each layer must have the group's subscribers."""
        if monotonic() - self.failed_at < PAUSE_SECONDS:
            return
        try:
            # Not for each message: one command may publish a thousand.
            if monotonic() - self.prefix_read_at >= PREFIX_SECONDS:
                self.prefix = await self.find_prefix()
                self.prefix_read_at = monotonic()
        except Exception as error:
            return self._pause(error)
        failure: Exception | None = None
        name, message = full_name(self.prefix, group), {"type": type, "worker": "", **fields}
        layers = bus_layers()
        for _ in layers:
            layer: Any = get_channel_layer(layers[self.failures % len(layers)])
            try:
                await layer.group_send(name, message)
                return None
            except Exception as error:
                self.failures += 1
                failure = error
        return self._pause(failure)

    def _pause(self, failure: Exception | None) -> None:
        self.failed_at = monotonic()
        why = type(failure).__name__
        logger.warning("Workers not notified (%s); pausing for %d s.", why, PAUSE_SECONDS)
