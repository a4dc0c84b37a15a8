"""Whether a worker can serve new clients: asks the database and Redis, with a time limit."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

from channels_redis.utils import create_pool
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chat.models import Room
from config.worker.lifespan import is_draining

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 1.5
# These words are on the wire.
READY, AWAY, DRAINING = "ready", "away", "draining"
PARTLY = "partly"  # of several Redis servers, one answers and one does not


async def readiness() -> dict[str, str]:
    """The state of each part. Why a part is away is in the log only, which is not public."""
    checks = {"database": database_state()}
    if settings.REDIS_URL:
        checks["redis"] = redis_state()
    states = await asyncio.gather(*checks.values())
    parts = dict(zip(checks, states, strict=True))
    return {"worker": DRAINING if is_draining() else READY, **parts}


def is_ready(states: dict[str, str]) -> bool:
    """Whether a worker with these states can serve new clients."""
    return set(states.values()) <= {READY, PARTLY}


class SingleFlightCheck:
    """Runs a blocking check in a thread of its own. While a check runs, all callers wait for that
    one, so that a database that hangs holds one thread. The thread is a daemon: the process can
    exit while the check hangs."""

    def __init__(self, check: Callable[[], bool]) -> None:
        self.check = check
        self.result: asyncio.Future[bool] | None = None

    async def run(self) -> bool:
        """The result of the check. False if there is none within TIMEOUT_SECONDS."""
        loop = asyncio.get_running_loop()
        # Tests have many loops. A future of another loop cannot be awaited.
        if self.result is None or self.result.done() or self.result.get_loop() is not loop:
            self.result = loop.create_future()
            Thread(target=self._run, args=(self.result,), name="readiness", daemon=True).start()
        await asyncio.wait([self.result], timeout=TIMEOUT_SECONDS)
        return self.result.done() and self.result.result()

    def _run(self, result: asyncio.Future[bool]) -> None:
        try:
            ok = self.check()
        except Exception as error:
            logger.warning("Not ready: unexpected %s", type(error).__name__)
            ok = False
        with suppress(RuntimeError):  # the loop was closed
            result.get_loop().call_soon_threadsafe(result.set_result, ok)


def database_answers() -> bool:
    """Whether the database can be read and has our tables."""
    try:
        Room.objects.exists()
    except DatabaseError as error:
        logger.warning("Not ready: the database does not answer (%s)", type(error).__name__)
        return False
    finally:
        connection.close()
    return True


async def database_state() -> str:
    """The state of the database."""
    return READY if await database.run() else AWAY


async def redis_state() -> str:
    """The state of Redis. One of several servers is enough: without the others, the messages of
    some rooms reach other workers up to three seconds late, whichever worker a client uses."""
    answers = await asyncio.gather(*map(_answers, settings.REDIS_SERVERS))
    if all(answers):
        return READY
    return PARTLY if any(answers) else AWAY


async def _answers(server: Any) -> bool:
    redis = Redis.from_pool(create_pool(server.host))
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS), redis:
            await redis.execute_command("PING")  # type: ignore[no-untyped-call]
    except (RedisError, OSError, TimeoutError) as error:
        why = type(error).__name__
        logger.warning("Not ready: Redis does not answer (%s, %s)", why, server.name)
        return False
    return True


database = SingleFlightCheck(database_answers)
