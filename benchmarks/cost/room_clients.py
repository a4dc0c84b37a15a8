"""The clients of a cost measurement: readers and talkers of a room, readers of a text."""

import re

from benchmarks.clients import DeliveryError, SocketClient, StreamClient

# The seq of the cursor and of the first entry of an `events` frame.
SPAN = re.compile(rb'"cursor":"[0-9a-f]+:(\d+)[:\w]*","events":\[\{"seq":(\d+)')
BODY = "a message as people write them, of about sixty characters, no more"


class RoomReader(SocketClient):
    """A JSON socket in a room. It counts entries and frames, and raises DeliveryError for a gap."""

    def __init__(self, room: str) -> None:
        super().__init__("/ws/chat/")
        self.room = room
        self.head = 0
        self.entries = 0
        self.frames = 0

    def text_received(self, text: bytes) -> None:
        if text.startswith(b'{"type":"events"'):
            self.events_received(text)
        elif text.startswith(b'{"type":"welcome"'):
            self.send_command(type="join", room=self.room)
        elif text.startswith(b'{"type":"joined"'):
            self.ready.set_result(text)
        else:
            super().text_received(text)

    def events_received(self, text: bytes) -> None:
        last, first = (int(each) for each in SPAN.search(text).groups())
        if self.head and first != self.head + 1:
            raise DeliveryError(f"{first} came after {self.head}")
        self.head = last
        self.entries += text.count(b'"cid":')
        self.frames += 1


class Talker(RoomReader):
    """A reader that sends its next message when the last one is acknowledged."""

    number = 0

    def __init__(self, room: str) -> None:
        super().__init__(room)
        Talker.number += 1
        self.name = f"t{Talker.number}"
        self.sent = self.acknowledged = 0
        self.stopping = False

    def text_received(self, text: bytes) -> None:
        if text.startswith(b'{"type":"ack"'):
            self.acknowledged += 1
            self.send_next()
        else:
            super().text_received(text)

    def send_next(self) -> None:
        if not self.stopping:
            self.sent += 1
            cid = f"{self.name}-{self.sent}"
            self.send_command(type="say", room=self.room, cid=cid, body=BODY)


class TextReader(StreamClient):
    """A reader of a text stream."""

    def check(self) -> None:
        """DeliveryError unless there was one event for each character."""
        if self.events != self.offset + 1:  # the first id is that of `meta`
            raise DeliveryError(f"{self.events} events until {self.last_id!r}")

    @property
    def offset(self) -> int:
        """The characters before the cursor of the last event."""
        return int(self.last_id.split(b":")[1])
