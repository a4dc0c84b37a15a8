"""Whose rights have changed, told to every worker: whoever is connected there is asked again at
once, or goes and comes back. Hints, never the truth: what the database says is asked every minute
or so in any case, and finds those who were not told."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import islice

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import transaction

from chat.presence.sync import WORKERS, rollcall
from realtime.bus import Message, outsider, relay
from realtime.tasks import PerLoop

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


@dataclass(eq=False, slots=True)
class Telling:
    """What is called whenever one of `whom` is dismissed, for as long as the context lasts; at
    once if that has happened since the `count` was taken, before their rights were looked up."""

    dismissals: "Dismissals"
    whom: list[str]
    call: Callable[[], None]
    since: int | None

    def __enter__(self) -> None:
        for one in self.whom:
            self.dismissals.ears.setdefault(one, set()).add(self)
        if self.since is not None and self.dismissals.missed(self.whom, self.since):
            asyncio.get_running_loop().call_soon(self.call)

    def __exit__(self, *_: object) -> None:
        ears = self.dismissals.ears
        for one in self.whom:
            ears[one].discard(self)
            if not ears[one]:
                del ears[one]


class Dismissals:
    """What is to be called when somebody on this worker is concerned."""

    def __init__(self) -> None:
        self.ears: dict[str, set[Telling]] = {}
        self.count = 0  # of all that were dismissed
        self.recent: deque[str] = deque(maxlen=RECENT_MOST)
        rollcall()  # which follows the group of the workers
        relay().listen(DISMISSAL, self._heard)

    def telling(
        self, whom: Iterable[str], call: Callable[[], None], since: int | None = None
    ) -> Telling:
        """Calls `call` whenever one of `whom` is dismissed. In the context of whoever dismisses:
        what is called asks the database nothing, or the question would wait for that one's
        thread, which waits for this."""
        return Telling(self, list(whom), call, since)

    def tell(self, whom: Iterable[str], call: Callable[[], None], since: int | None = None) -> None:
        """As `telling`, for ever."""
        self.telling(whom, call, since).__enter__()

    def missed(self, whom: Iterable[str], since: int) -> bool:
        """Whether one of `whom` was dismissed since; or perhaps, if too many were."""
        missed = self.count - since
        late = islice(reversed(self.recent), missed)
        return missed > len(self.recent) or not set(whom).isdisjoint(late)

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
            for ear in self.ears.get(one, ()):
                loop.call_soon(ear.call)


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
