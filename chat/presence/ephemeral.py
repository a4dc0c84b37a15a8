"""What the sockets in a room are told that no log keeps: who is here, who types, how far one has
read in another tab. Whoever misses it is told better the next time."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from chat.protocol import frames
from realtime.bus import Message, relay, room_group
from realtime.tasks import PerLoop

WHISPER = "whisper"


@dataclass(frozen=True, eq=False, slots=True)
class Ear:
    """A socket in a room. `hear` gets a topic and a frame, and does not wait: of frames on one
    topic that are still unsent, only the newest matters."""

    slug: str
    member_key: str
    hear: Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Whisper:
    """A frame of a type for the sockets in a room: of one person, or of all but one."""

    room: int
    type: str
    fields: dict[str, Any]
    only_to: str | None = None
    not_to: str | None = None

    @property
    def topic(self) -> str:
        """What it is about; a newer one on it makes it worthless."""
        return f"{self.type} {self.not_to or ''}"


@dataclass(eq=False, slots=True)
class Listening:
    """An ear that is held in a room."""

    rooms: dict[int, dict[str, list[Ear]]]
    room: int
    ear: Ear

    def __enter__(self) -> None:
        people = self.rooms.setdefault(self.room, {})
        people.setdefault(self.ear.member_key, []).append(self.ear)

    def __exit__(self, *_: object) -> None:
        people = self.rooms[self.room]
        people[self.ear.member_key].remove(self.ear)
        if not people[self.ear.member_key]:
            del people[self.ear.member_key]
        if not people:
            del self.rooms[self.room]


class Whispers:
    """The ears of this worker, by room and by person."""

    def __init__(self) -> None:
        self.rooms: dict[int, dict[str, list[Ear]]] = {}
        relay().listen(WHISPER, self._heard)

    def listening(self, room: int, ear: Ear) -> "Listening":
        """Holds an ear in a room."""
        return Listening(self.rooms, room, ear)

    def ears_of(self, room: int, member_key: str) -> list[Ear]:
        """The ears of one person in a room."""
        return self.rooms.get(room, {}).get(member_key, [])

    def say(self, whisper: Whisper, but: Ear | None = None) -> None:
        """Tells the sockets of every worker."""
        self.tell(whisper, but)
        self.pass_on(whisper)

    def pass_on(self, whisper: Whisper) -> None:
        """Tells the sockets of the other workers."""
        relay().send(room_group(whisper.room), WHISPER, whisper=asdict(whisper))

    def tell(self, whisper: Whisper, but: Ear | None = None) -> None:
        """Tells the sockets of this worker, except for one."""
        texts: dict[str, str] = {}
        for ear in self._audience(whisper):
            if ear is not but:
                if ear.slug not in texts:
                    texts[ear.slug] = frames.encode(whisper.type, room=ear.slug, **whisper.fields)
                ear.hear(whisper.topic, texts[ear.slug])

    def _audience(self, whisper: Whisper) -> Iterable[Ear]:
        if whisper.only_to is not None:
            return list(self.ears_of(whisper.room, whisper.only_to))
        people = self.rooms.get(whisper.room, {})
        return [ear for key, ears in people.items() if key != whisper.not_to for ear in ears]

    def _heard(self, message: Message) -> None:
        self.tell(Whisper(**message["whisper"]))


whispers = PerLoop(Whispers)
