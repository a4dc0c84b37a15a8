"""Whether each contender answers as it should: a message said comes back, a text begins in order.

python -m benchmarks.compare.answering [NAME …]
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
SAID = "a message with “quotes” and ünïcode"
EVENT_END = re.compile(r"\r?\n\r?\n")


def talk(running: Running) -> list[str]:
    """Says something, and returns what came to the sender and to somebody else."""
    speak, hear = DIALECTS[running.contender.dialect]
    with joined(running) as sender, joined(running) as other:
        speak(sender)
        return [hear(sender), hear(other)]


@contextlib.contextmanager
def joined(running: Running) -> Iterator[ClientConnection]:
    """A socket that is in the room."""
    contender = running.contender
    url = f"ws://127.0.0.1:{running.port}{contender.socket}"
    offers = [contender.subprotocol] if contender.subprotocol else None
    with connect(url, subprotocols=offers, proxy=None, open_timeout=SECONDS) as socket:
        if contender.dialect == "twinstream":
            socket.send(json.dumps({"type": "join", "room": "lobby"}))
            until(socket, lambda text: json.loads(text)["type"] == "joined")
        elif contender.dialect == "socketio":
            socket.send("40")
            until(socket, lambda text: text.startswith("40"))
        yield socket


def until(socket: ClientConnection, wanted: Callable[[str], Any]) -> Any:
    """What `wanted` makes of the first message of which it makes anything."""
    while True:
        text = socket.recv(timeout=SECONDS)
        assert isinstance(text, str), f"a binary frame: {text!r}"
        if found := wanted(text):
            return found


def said_in_twinstream(text: str) -> str | None:
    frame = json.loads(text)
    return frame["events"][0]["body"] if frame["type"] == "events" else None


def said_in_socketio(text: str) -> str | None:
    return json.loads(text[2:])[1] if text.startswith("42") else None


# How to say SAID, and what is heard.
DIALECTS: dict[str | None, tuple[Callable[..., None], Callable[..., str]]] = {
    "text": (lambda s: s.send(SAID), lambda s: until(s, str)),
    "tutorial": (
        lambda s: s.send(json.dumps({"message": SAID})),
        lambda s: until(s, lambda text: json.loads(text)["message"]),
    ),
    "socketio": (
        lambda s: s.send("42" + json.dumps(["message", SAID])),
        lambda s: until(s, said_in_socketio),
    ),
    "twinstream": (
        lambda s: s.send(json.dumps({"type": "say", "room": "lobby", "cid": "c", "body": SAID})),
        lambda s: until(s, said_in_twinstream),
    ),
}


def read(running: Running, count: int) -> str:
    """The first characters that are streamed."""
    line = http.client.HTTPConnection("127.0.0.1", running.port, timeout=SECONDS)
    line.request("GET", running.stream(20), headers={"Accept": "text/event-stream"})
    response = line.getresponse()
    assert response.status == 200, response.status
    assert response.headers.get_content_type() == "text/event-stream"
    try:
        characters = texts(response)
        return "".join(next(characters) for _ in range(count))
    finally:
        line.close()


def texts(response: http.client.HTTPResponse) -> Iterator[str]:
    """What the events without another name say."""
    rest = ""
    while True:
        *events, rest = EVENT_END.split(rest + response.read1().decode())
        for event in events:
            fields = dict(row.split(": ", 1) for row in event.splitlines() if ": " in row)
            if "data" in fields and fields.get("event", "message") == "message":
                yield fields["data"]


def verify(running: Running) -> None:
    """AssertionError, if it does not answer as it should."""
    contender = running.contender
    if contender.socket:
        heard = talk(running)
        assert heard == [SAID, SAID], heard
    if contender.stream:
        began = read(running, 5)
        assert began in TEXT if contender.shared else TEXT.startswith(began), began


def main() -> None:
    wrong = 0
    for name in sys.argv[1:] or CONTENDERS:
        try:
            with started(name) as running:
                verify(running)
        except (Missing, AssertionError) as error:
            wrong += 1
            print(f"{name}: {error}", file=sys.stderr)
        else:
            print(f"{name}: answers")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
