"""Whether a worker can serve new clients: asks the database and Redis, and writes to the disk, with
a time limit."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chat.models import Room
from config.worker.lifespan import is_draining
from config.worker.writing import RateLimited, database_takes_writes, disk_takes_writes

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 1.5
# These words are on the wire.
READY, AWAY, DRAINING, NOT_WRITABLE = "ready", "away", "draining", "not writable"


async def readiness() -> dict[str, str]:
    """The state of each part. Why a part is away is in the log only, which is not public."""
    checks = {"database": database.run(), "disk": disk.run()}
    if settings.REDIS_URL:
        checks["redis"] = redis_state()
    states = dict(zip(checks, await asyncio.gather(*checks.values()), strict=True))
    return {"worker": DRAINING if is_draining() else READY, **states}


class SingleFlightCheck:
    """Runs a blocking check in a thread of its own. While a check runs, all callers wait for that
    one, so that a database that hangs holds one thread. The thread is a daemon: the process can
    exit while the check hangs."""

    def __init__(self, check: Callable[[], str]) -> None:
        self.check = check
        self.result: asyncio.Future[str] | None = None

    async def run(self) -> str:
        """The state that the check returns. AWAY if it fails or needs more than TIMEOUT_SECONDS."""
        loop = asyncio.get_running_loop()
        # Tests have many loops. A future of another loop cannot be awaited.
        if self.result is None or self.result.done() or self.result.get_loop() is not loop:
            self.result = loop.create_future()
            Thread(target=self._run, args=(self.result,), name="readiness", daemon=True).start()
        await asyncio.wait([self.result], timeout=TIMEOUT_SECONDS)
        return self.result.result() if self.result.done() else AWAY

    def _run(self, result: asyncio.Future[str]) -> None:
        try:
            state = self.check()
        except Exception as error:
            logger.warning("Not ready: unexpected %s", type(error).__name__)
            state = AWAY
        with suppress(RuntimeError):  # the loop was closed
            result.get_loop().call_soon_threadsafe(result.set_result, state)


def check_database() -> str:
    """The state of the database: whether it can be read, has our tables, and can be written."""
    try:
        Room.objects.exists()
        return READY if can_write_database() else NOT_WRITABLE
    except DatabaseError as error:
        logger.warning("Not ready: the database does not answer (%s)", type(error).__name__)
        return AWAY
    finally:
        connection.close()


def check_disk() -> str:
    """The state of the folders in which a worker writes."""
    return READY if can_write_files() else NOT_WRITABLE


async def redis_state() -> str:
    """The state of Redis: whether every server answers."""
    return READY if all(await asyncio.gather(*map(_answers, settings.REDIS_URLS))) else AWAY


async def _answers(url: str) -> bool:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS), Redis.from_url(url) as redis:
            await redis.execute_command("PING")  # type: ignore[no-untyped-call]
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("Not ready: Redis does not answer (%s)", type(error).__name__)
        return False
    return True


can_write_database = RateLimited(database_takes_writes)
can_write_files = RateLimited(disk_takes_writes)
database = SingleFlightCheck(check_database)
disk = SingleFlightCheck(check_disk)
