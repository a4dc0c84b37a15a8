"""Who comes to be measured: those who listen, those who talk, those who read a text."""

import re

from benchmarks.clients import Lost, SocketClient, StreamClient

SEQ = re.compile(rb'"seq":(\d+)')
# Of an `events` frame: where it leads, and where it begins.
SPAN = re.compile(rb'"cursor":"[0-9a-f]+:(\d+)","events":\[\{"seq":(\d+)')
BODY = "a message as people write them, of about sixty characters, no more"


class Listener(SocketClient):
    """A socket that follows a room, and counts."""

    def __init__(self, room: str) -> None:
        super().__init__("/ws/chat/")
        self.room = room
        self.head = 0
        self.entries = 0
        self.frames = 0

    def take_text(self, text: bytes) -> None:
        if text.startswith(b'{"type":"events"'):
            self.count(text)
        elif text.startswith(b'{"type":"welcome"'):
            self.say(type="join", room=self.room)
        elif text.startswith(b'{"type":"joined"'):
            self.begun.set_result(text)
        else:
            super().take_text(text)

    def count(self, text: bytes) -> None:
        last, first = (int(each) for each in SPAN.search(text).groups())
        if self.head and first != self.head + 1:
            raise Lost(f"{first} came after {self.head}")
        self.head = last
        self.entries += text.count(b'"cid":')
        self.frames += 1


class Talker(SocketClient):
    """A socket that says the next thing as soon as the last is acknowledged."""

    number = 0

    def __init__(self, room: str) -> None:
        super().__init__("/ws/chat/")
        Talker.number += 1
        self.name = f"t{Talker.number}"
        self.room = room
        self.said = self.acknowledged = self.head = 0
        self.stopping = False

    def take_text(self, text: bytes) -> None:
        if text.startswith(b'{"type":"ack"'):
            self.acknowledged += 1
            self.head = int(SEQ.search(text)[1])
            self.go_on()
        elif text.startswith(b'{"type":"welcome"'):
            self.begun.set_result(text)
        else:
            super().take_text(text)

    def go_on(self) -> None:
        if not self.stopping:
            self.said += 1
            self.say(type="say", room=self.room, cid=f"{self.name}-{self.said}", body=BODY)


class TextReader(StreamClient):
    """A reader of a text, who knows whether all that came is all that there was."""

    def check(self) -> None:
        if self.events != self.offset + 1:  # the first id is that of `meta`
            raise Lost(f"{self.events} events until {self.last!r}")

    @property
    def offset(self) -> int:
        return int(self.last.partition(b":")[2])
