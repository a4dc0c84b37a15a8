"""Checks each contender: a message comes back to all, and a text is streamed in order.

python -m benchmarks.compare.check [NAME …]
"""

import contextlib
import http.client
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from websockets.sync.client import ClientConnection, connect

from benchmarks.compare.contenders import CONTENDERS, TEXT
from benchmarks.compare.installed import Missing
from benchmarks.compare.running import Running, started

SECONDS = 10
MESSAGE = "a message with “quotes” and ünïcode"
EVENT_END = re.compile(r"\r?\n\r?\n")


def talk(running: Running) -> list[str]:
    """Sends MESSAGE, and returns what the sender and another socket received."""
    send, receive = DIALECTS[running.contender.dialect]
    with joined(running) as sender, joined(running) as other:
        send(sender)
        return [receive(sender), receive(other)]


@contextlib.contextmanager
def joined(running: Running) -> Iterator[ClientConnection]:
    """A socket that has joined the room."""
    contender = running.contender
    url = f"ws://127.0.0.1:{running.port}{contender.socket}"
    subprotocols = [contender.subprotocol] if contender.subprotocol else None
    with connect(url, subprotocols=subprotocols, proxy=None, open_timeout=SECONDS) as socket:
        if contender.dialect == "twinstream":
            socket.send(json.dumps({"type": "join", "room": "lobby"}))
            until(socket, lambda text: json.loads(text)["type"] == "joined")
        elif contender.dialect == "socketio":
            socket.send("40")
            until(socket, lambda text: text.startswith("40"))
        yield socket


def until(socket: ClientConnection, wanted: Callable[[str], Any]) -> Any:
    """The first true result of `wanted` for a message that arrives."""
    while True:
        text = socket.recv(timeout=SECONDS)
        assert isinstance(text, str), f"a binary frame: {text!r}"
        if found := wanted(text):
            return found


def twinstream_body(text: str) -> str | None:
    frame = json.loads(text)
    return frame["events"][0]["body"] if frame["type"] == "events" else None


def socketio_body(text: str) -> str | None:
    return json.loads(text[2:])[1] if text.startswith("42") else None


# How MESSAGE is sent, and how it is received.
DIALECTS: dict[str | None, tuple[Callable[..., None], Callable[..., str]]] = {
    "text": (lambda s: s.send(MESSAGE), lambda s: until(s, str)),
    "tutorial": (
        lambda s: s.send(json.dumps({"message": MESSAGE})),
        lambda s: until(s, lambda text: json.loads(text)["message"]),
    ),
    "socketio": (
        lambda s: s.send("42" + json.dumps(["message", MESSAGE])),
        lambda s: until(s, socketio_body),
    ),
    "twinstream": (
        lambda s: s.send(json.dumps({"type": "say", "room": "lobby", "cid": "c", "body": MESSAGE})),
        lambda s: until(s, twinstream_body),
    ),
}


def read(running: Running, count: int) -> str:
    """The first `count` characters of the text."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=SECONDS)
    connection.request("GET", running.stream(20), headers={"Accept": "text/event-stream"})
    response = connection.getresponse()
    assert response.status == 200, response.status
    assert response.headers.get_content_type() == "text/event-stream"
    try:
        characters = texts(response)
        return "".join(next(characters) for _ in range(count))
    finally:
        connection.close()


def texts(response: http.client.HTTPResponse) -> Iterator[str]:
    """The data of `message` events."""
    rest = ""
    while True:
        *events, rest = EVENT_END.split(rest + response.read1().decode())
        for event in events:
            fields = dict(row.split(": ", 1) for row in event.splitlines() if ": " in row)
            if "data" in fields and fields.get("event", "message") == "message":
                yield fields["data"]


def verify(running: Running) -> None:
    """AssertionError if the contender does not answer as it should."""
    contender = running.contender
    if contender.socket:
        received = talk(running)
        assert received == [MESSAGE, MESSAGE], received
    if contender.stream:
        first = read(running, 5)
        assert first in TEXT if contender.shared else TEXT.startswith(first), first


def main() -> None:
    failures = 0
    for name in sys.argv[1:] or CONTENDERS:
        try:
            with started(CONTENDERS[name]) as running:
                verify(running)
        except (Missing, AssertionError) as error:
            failures += 1
            print(f"{name}: {error}", file=sys.stderr)
        else:
            print(f"{name}: answers")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
