"""Whose rights have changed, told to every worker: whoever is connected there is asked again at
once, or goes and comes back. Hints, never the truth: what the database says is asked every minute
or so in any case, and finds those who were not told."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from functools import partial
from hashlib import sha256
from itertools import islice

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import transaction

from chat.loops import PerLoop
from chat.relay import Message, outsider, relay
from chat.rollcall import WORKERS, rollcall

DISMISSAL = "dismissal"

# Remembered for those who are just coming in, which takes less than a second.
RECENT_MOST = 1_024

# Whom a dismissal may be for. Nobody is told of a change of rooms but what reads their logs.
ROOMS = "rooms"


def of_session(key: str) -> str:
    """The connections of a session. Its key would let in whoever reads it on the way."""
    return f"session {sha256(key.encode()).hexdigest()}"


def of_member(key: str) -> str:
    """All connections of a member."""
    return f"member {key}"


def of_room(room: int) -> str:
    """All connections that follow a room."""
    return f"room {room}"


def of_person(member_key: str, session_key: str | None) -> list[str]:
    """What concerns a connection, whatever it follows."""
    return [of_member(member_key), *([of_session(session_key)] if session_key else [])]


class Dismissals:
    """What is to be called when somebody on this worker is concerned."""

    def __init__(self) -> None:
        self.ears: dict[str, dict[object, tuple[Callable[[], None], Context]]] = {}
        self.count = 0  # of all that were dismissed
        self.recent: deque[str] = deque(maxlen=RECENT_MOST)
        rollcall()  # which follows the group of the workers
        relay().listen(DISMISSAL, self._heard)

    def tell(
        self, whom: Iterable[str], call: Callable[[], None], since: int | None = None
    ) -> Callable[[], None]:
        """Calls `call` whenever one of `whom` is dismissed, until what is returned is called;
        at once if that has happened since the `count` was taken, before their rights were
        looked up."""
        # Called where it was asked for: in the context of whoever logs out, its questions to the
        # database would wait for that one's thread, which waits for this.
        whom, ear, what = list(whom), object(), (call, copy_context())
        for one in whom:
            self.ears.setdefault(one, {})[ear] = what
        if since is not None and self._missed(whom, since):
            asyncio.get_running_loop().call_soon(call)
        return partial(self._forget, whom, ear)

    def _missed(self, whom: Iterable[str], since: int) -> bool:
        """Whether one of `whom` was dismissed since; or perhaps, if too many were."""
        missed = self.count - since
        late = islice(reversed(self.recent), missed)
        return missed > len(self.recent) or not set(whom).isdisjoint(late)

    def _forget(self, whom: list[str], ear: object) -> None:
        for one in whom:
            del self.ears[one][ear]
            if not self.ears[one]:
                del self.ears[one]

    @contextmanager
    def telling(
        self, whom: Iterable[str], call: Callable[[], None], since: int | None = None
    ) -> Iterator[None]:
        """As `tell`, for as long as the context lasts."""
        forget = self.tell(whom, call, since)
        try:
            yield
        finally:
            forget()

    def dismiss(self, whom: Iterable[str]) -> None:
        """Tells this worker and the others."""
        whom = list(whom)
        self._call(whom)
        if settings.REDIS_URL:
            relay().send(WORKERS, DISMISSAL, whom=whom)

    def _heard(self, message: Message) -> None:
        self._call(message["whom"])

    def _call(self, whom: Iterable[str]) -> None:
        loop = asyncio.get_running_loop()
        for one in whom:
            self.count += 1
            self.recent.append(one)
            for call, context in self.ears.get(one, {}).values():
                loop.call_soon(call, context=context)


dismissals = PerLoop(Dismissals)


def dismiss(*whom: str) -> None:
    """Tells every worker, once what was changed is committed. For synchronous code, in a thread
    of a worker or in another process."""
    if whom:
        transaction.on_commit(partial(async_to_sync(_dismiss), whom), robust=True)


async def _dismiss(whom: tuple[str, ...]) -> None:
    if relay.is_made:  # on the loop of a worker
        dismissals().dismiss(whom)
    elif settings.REDIS_URL:
        await outsider.send(WORKERS, DISMISSAL, whom=list(whom))
