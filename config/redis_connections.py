"""Connections to Redis that notice a server that no longer answers, and that find another one.

redis-py waits for messages on a connection forever, also if the server hangs or its machine is
gone. With Sentinel the worker would then stay at the old server, to which nothing is published.
"""

import asyncio
import logging
import random
from typing import Any

from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)

# Seconds of silence after which a connection that waits for messages sends PING, and seconds for
# the answer. Longer than Redis needs for any command of this site.
PING_SECONDS = 3
ANSWER_SECONDS = 5

# Seconds. A Redis that does not respond must not block the bus forever.
TIMEOUTS = {"socket_connect_timeout": 2, "socket_timeout": 5}

# The first refusal of a subscription.
refusals: list[ResponseError] = []


def options() -> dict[str, Any]:
    """The options of every connection to Redis."""
    return {
        **TIMEOUTS,
        "health_check_interval": PING_SECONDS,
        # After a connection has ended, the new one is read at once; after an error the channel
        # layer waits for a second. Not after a time-out: a server that hangs would block twice.
        "retry": Retry(NoBackoff(), 1, (RedisConnectionError,)),
        # No CLIENT SETINFO, so that a user with the least rights causes no entries in ACL LOG.
        "driver_info": None,
    }


def log_refusal(error: ResponseError) -> None:
    """Logs that Redis refused a subscription; once in a process, since it is tried again each
    second."""
    if not refusals:
        refusals.append(error)
        why = type(error).__name__
        logger.error("Redis refuses subscriptions (%s); workers poll the database.", why)


class Watched:
    """A connection that ends if the server does not answer PING. Connects once at a time: the
    task that receives and the one that subscribes both reconnect."""

    health_check_interval: float
    next_health_check: float
    is_connected: bool
    _reader: asyncio.StreamReader | None

    def __init__(self, **kwargs: Any) -> None:
        self.connecting = asyncio.Lock()
        self.connected_by: asyncio.Task[Any] | None = None
        super().__init__(**kwargs)

    async def connect_check_health(self, *args: Any, **kwargs: Any) -> None:
        """Connects, unless the connection is open. ConnectionError or TimeoutError of redis-py."""
        if self.connected_by is asyncio.current_task():
            # The handshake sends commands, and each of them asks for a connection.
            if not self.is_connected:
                raise RedisConnectionError("The connection ended during its handshake.")
            return
        async with self.connecting:
            if self.is_connected:
                return
            self.connected_by = asyncio.current_task()
            # The silence of the last connection says nothing about this one.
            self.next_health_check = asyncio.get_running_loop().time() + self.health_check_interval
            try:
                await self.open(*args, **kwargs)
            finally:
                self.connected_by = None

    async def open(self, *args: Any, **kwargs: Any) -> None:
        """Connects to the server."""
        await super().connect_check_health(*args, **kwargs)  # type: ignore[misc]

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Logs in, and asks for an answer: otherwise a subscription would seem to succeed at a
        server that hangs or wants a password."""
        await super().on_connect_check_health(check_health)  # type: ignore[misc]
        await self.send_command("PING", check_health=False)  # type: ignore[attr-defined]
        await self.read_response()

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Sends a command, after the handshake."""
        await self._wait_for_handshake()
        await super().send_packed_command(command, check_health)  # type: ignore[misc]

    async def read_response(
        self,
        disable_decoding: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109
        **kwargs: Any,
    ) -> Any:
        """The next answer or message; None if there was none in `timeout` seconds."""
        await self._wait_for_handshake()
        try:
            response = await super().read_response(  # type: ignore[misc]
                disable_decoding, timeout, **kwargs
            )
        except ResponseError as error:
            if timeout is not None:
                log_refusal(error)
            raise
        if response is None and timeout is not None:
            await self._check_answered()
        return response

    async def _wait_for_handshake(self) -> None:
        """Waits while another task connects. It reads the answers of the handshake."""
        if self.connecting.locked() and self.connected_by is not asyncio.current_task():
            async with self.connecting:
                pass

    async def _check_answered(self) -> None:
        """Ends a connection that is dead. ConnectionError or TimeoutError of redis-py."""
        if self._reader is not None and self._reader.exception():
            # ETIMEDOUT of the kernel. redis-py takes it for a time without messages and would read
            # again at once, forever, and the event loop would never turn.
            why: Exception = RedisConnectionError("The connection is dead.")
        elif asyncio.get_running_loop().time() > self.next_health_check + ANSWER_SECONDS:
            why = RedisTimeoutError("Redis does not answer PING.")
        else:
            return
        await self.disconnect(nowait=True)  # type: ignore[attr-defined]
        raise why


class WatchedTcp(Watched, Connection):
    """To `redis://`."""


class WatchedTls(Watched, SSLConnection):
    """To `rediss://`."""


class WatchedUnix(Watched, UnixDomainSocketConnection):
    """To `unix://`."""


class SentinelMaster(Watched):
    """Asks the Sentinels for the master whenever it connects. redis-py's own class does so only
    in `connect`, and would return to the old master when a command finds the connection closed."""

    host: str
    port: int
    connection_pool: SentinelConnectionPool

    async def connect(self) -> None:
        """Connects, unless the connection is open."""
        await Connection.connect(self)  # type: ignore[arg-type, no-untyped-call]

    async def open(self, *args: Any, **kwargs: Any) -> None:
        """Connects to the master of now."""
        address = await self.connection_pool.get_master_address()  # type: ignore[no-untyped-call]
        self.host, self.port = address
        await super().open(*args, **kwargs)


class WatchedSentinel(SentinelMaster, SentinelManagedConnection):
    """To the master that `redis+sentinel://` names."""


class WatchedSentinelTls(SentinelMaster, SentinelManagedSSLConnection):
    """To the master that `rediss+sentinel://` names."""


class AnyNode(Watched):
    """Connects to one of several nodes of a cluster: to the next one whenever it connects again.
    Each node passes what is published to all others."""

    host: str
    port: int

    def __init__(self, *, nodes: list[tuple[str, int]], **kwargs: Any) -> None:
        self.nodes = nodes
        self.turn = random.randrange(len(nodes))  # noqa: S311
        super().__init__(**kwargs)

    async def open(self, *args: Any, **kwargs: Any) -> None:
        """Connects to the first node that can be reached."""
        for remaining in reversed(range(len(self.nodes))):
            self.turn = (self.turn + 1) % len(self.nodes)
            self.host, self.port = self.nodes[self.turn]
            try:
                await super().open(*args, **kwargs)
                return
            except (RedisConnectionError, RedisTimeoutError):
                if not remaining:
                    raise


class WatchedCluster(AnyNode, Connection):
    """To a node that `redis+cluster://` names."""


class WatchedClusterTls(AnyNode, SSLConnection):
    """To a node that `rediss+cluster://` names."""
