"""Ephemeral events for the sockets in a room: presence, typing, read receipts. They are never
stored; the next event on the same topic replaces one that was missed."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from chat.protocol import frames
from realtime.bus import Bus, Message, log_group

EPHEMERAL = "ephemeral"


@dataclass(frozen=True, eq=False, slots=True)
class Subscriber:
    """A socket in a room. `on_event` is called with a topic and a frame and must not wait. Of the
    frames on one topic that are not sent yet, only the newest matters."""

    slug: str
    member_key: str
    on_event: Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class EphemeralEvent:
    """A frame of a type for the sockets in a room: for those of one person, or for all but those
    of one person."""

    room: int
    type: str
    fields: dict[str, Any]
    only_to: str | None = None
    not_to: str | None = None

    @property
    def topic(self) -> str:
        """What the event is about. A newer event on the same topic replaces it."""
        return f"{self.type} {self.not_to or ''}"


@dataclass(eq=False, slots=True)
class Subscription:
    """A context manager that keeps a subscriber in a room."""

    rooms: dict[int, dict[str, list[Subscriber]]]
    room: int
    subscriber: Subscriber

    def __enter__(self) -> None:
        people = self.rooms.setdefault(self.room, {})
        people.setdefault(self.subscriber.member_key, []).append(self.subscriber)

    def __exit__(self, *_: object) -> None:
        people = self.rooms[self.room]
        people[self.subscriber.member_key].remove(self.subscriber)
        if not people[self.subscriber.member_key]:
            del people[self.subscriber.member_key]
        if not people:
            del self.rooms[self.room]


class EphemeralEvents:
    """The subscribers of this worker, by room and member key, and the events from and to the other
    workers."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.rooms: dict[int, dict[str, list[Subscriber]]] = {}
        bus.on(EPHEMERAL, self._on_message)

    def subscribe(self, room: int, subscriber: Subscriber) -> Subscription:
        """A context manager that keeps a subscriber in a room."""
        return Subscription(self.rooms, room, subscriber)

    def subscribers_of(self, room: int, member_key: str) -> list[Subscriber]:
        """The sockets of one person in a room, on this worker."""
        return self.rooms.get(room, {}).get(member_key, [])

    def send(self, event: EphemeralEvent, but: Subscriber | None = None) -> None:
        """Sends an event to the sockets of all workers, except one."""
        self.send_here(event, but)
        self.publish(event)

    def publish(self, event: EphemeralEvent) -> None:
        """Sends an event to the sockets of the other workers."""
        self.bus.send(log_group("room", event.room), EPHEMERAL, event=asdict(event))

    def send_here(self, event: EphemeralEvent, but: Subscriber | None = None) -> None:
        """Sends an event to the sockets of this worker, except one."""
        texts: dict[str, str] = {}
        for subscriber in self._recipients(event):
            if subscriber is not but:
                slug = subscriber.slug
                if slug not in texts:
                    texts[slug] = frames.encode(event.type, room=slug, **event.fields)
                subscriber.on_event(event.topic, texts[slug])

    def _recipients(self, event: EphemeralEvent) -> Iterable[Subscriber]:
        if event.only_to is not None:
            return list(self.subscribers_of(event.room, event.only_to))
        people = self.rooms.get(event.room, {})
        return [each for key, those in people.items() if key != event.not_to for each in those]

    def _on_message(self, message: Message) -> None:
        self.send_here(EphemeralEvent(**message["event"]))
