"""Whether a worker can serve: what it stands on is asked, and not waited for."""

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

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.5
READY, AWAY, DRAINING = "ready", "away", "draining"


async def readiness() -> dict[str, str]:
    """A word for each part. No reasons: whoever may read the log finds them there."""
    parts = {"database": database.ask()}
    if settings.REDIS_URL:
        parts["redis"] = redis_answers()
    answers = await asyncio.gather(*parts.values())
    words = {part: READY if there else AWAY for part, there in zip(parts, answers, strict=True)}
    return {"worker": DRAINING if is_draining() else READY, **words}


class Question:
    """Asks something that may never answer, in a thread of its own: one at a time, for all who
    want to know. A daemon, since a process must be able to leave while it hangs."""

    def __init__(self, answers: Callable[[], bool]) -> None:
        self.answers = answers
        self.asked: asyncio.Future[bool] | None = None

    async def ask(self) -> bool:
        """Whether the answer is yes, and comes in time."""
        loop = asyncio.get_running_loop()
        if self.asked is None or self.asked.done() or self.asked.get_loop() is not loop:
            self.asked = loop.create_future()
            Thread(target=self._run, args=(self.asked,), name="readiness", daemon=True).start()
        await asyncio.wait([self.asked], timeout=PATIENCE_SECONDS)
        return self.asked.done() and self.asked.result()

    def _run(self, asked: asyncio.Future[bool]) -> None:
        try:
            answer = self.answers()
        except Exception as error:  # whatever it is: what does not answer is away
            logger.warning("Not ready, nobody expected why: %s", type(error).__name__)
            answer = False
        with suppress(RuntimeError):  # the loop may be closed by now
            asked.get_loop().call_soon_threadsafe(asked.set_result, answer)


def database_answers() -> bool:
    """Whether the database can be read, and is one of ours."""
    try:
        Room.objects.exists()
    except DatabaseError as error:
        logger.warning("Not ready, the database is away: %s", type(error).__name__)
        return False
    finally:
        connection.close()
    return True


async def redis_answers() -> bool:
    """Whether Redis answers; of several servers, each."""
    return all(await asyncio.gather(*map(_answers, settings.REDIS_URLS)))


async def _answers(url: str) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), Redis.from_url(url) as redis:
            await redis.execute_command("PING")  # type: ignore[no-untyped-call]
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("Not ready, Redis is away: %s", type(error).__name__)
        return False
    return True


database = Question(database_answers)
