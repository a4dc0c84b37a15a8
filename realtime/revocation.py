"""Tells every worker whose rights have changed, so that open connections are checked again at
once; and which room's connections are to be closed. These are hints: each connection also checks
the database about once a minute."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from realtime.bus import Bus, Message

REVOKE = "revoke"

# Remembered subjects, for connections that are being opened: that takes less than a second.
RECENT_LENGTH = 1_024

# A subject: some room changed. Only the readers of the rooms' logs watch it.
ROOMS = "rooms"


def session_subject(key: str) -> str:
    """The connections of a session. The key is hashed: in clear it would let in every reader of
    the channel layer."""
    return f"session {sha256(key.encode()).hexdigest()}"


def member_subject(key: str) -> str:
    """All connections of a member."""
    return f"member {key}"


def room_subject(room: int) -> str:
    """All connections that follow a room."""
    return f"room {room}"


def person_subjects(member_key: str, session_key: str | None) -> list[str]:
    """The subjects of one connection, without those of its rooms."""
    sessions = [session_subject(session_key)] if session_key else []
    return [member_subject(member_key), *sessions]


@dataclass(eq=False, slots=True)
class Watch:
    """A context manager that registers a callback for some subjects.

    If a subject was revoked after `since` was read from `Revocation.count`, the callback runs at
    once: the rights may have been looked up before the change.
    """

    revocation: "Revocation"
    subjects: list[str]
    callback: Callable[[], None]
    since: int | None

    def __enter__(self) -> None:
        for subject in self.subjects:
            self.revocation.watches.setdefault(subject, set()).add(self)
        if self.since is not None and self.revocation.missed(self.subjects, self.since):
            asyncio.get_running_loop().call_soon(self.callback)

    def __exit__(self, *_: object) -> None:
        watches = self.revocation.watches
        for subject in self.subjects:
            watches[subject].discard(self)
            if not watches[subject]:
                del watches[subject]


class Revocation:
    """The watches of this worker, and the messages about them from and to the other workers."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.watches: dict[str, set[Watch]] = {}
        self.count = 0  # of all subjects that were revoked so far
        self.recent: deque[str] = deque(maxlen=RECENT_LENGTH)
        bus.on(REVOKE, self._on_message)

    def watch(
        self, subjects: Iterable[str], callback: Callable[[], None], since: int | None = None
    ) -> Watch:
        """A context manager; while it is entered, `callback` runs whenever one of `subjects` is
        revoked.

        Callbacks run in the revoking request's context and must not query the database: they
        would wait for that request's thread, which waits for them (deadlock).
        """
        return Watch(self, list(subjects), callback, since)

    def watch_always(self, subject: str, callback: Callable[[], None]) -> None:
        """Runs `callback` whenever the subject is revoked, as long as the worker runs."""
        self.watch([subject], callback).__enter__()

    def missed(self, subjects: Iterable[str], since: int) -> bool:
        """Whether one of `subjects` was revoked after `since`; True also if that is no longer
        known."""
        missed = self.count - since
        late = islice(reversed(self.recent), missed)
        return missed > len(self.recent) or not set(subjects).isdisjoint(late)

    def revoke(self, subjects: Iterable[str]) -> None:
        """Runs the callbacks of this worker, and notifies the other workers."""
        subjects = list(subjects)
        self._run_callbacks(subjects)
        self.bus.broadcast(REVOKE, subjects=subjects)

    def _on_message(self, message: Message) -> None:
        self._run_callbacks(message["subjects"])

    def _run_callbacks(self, subjects: Iterable[str]) -> None:
        loop = asyncio.get_running_loop()
        for subject in subjects:
            self.count += 1
            self.recent.append(subject)
            for watch in self.watches.get(subject, ()):
                loop.call_soon(watch.callback)
