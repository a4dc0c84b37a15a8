"""Runs the WebSocket examples: sends the texts of clients, and compares the received texts."""

import asyncio
import json
import re

from tests.clients.websocket import Closed, WebSocketClient, has_frames, open_client
from tests.protocol import matching
from tests.protocol.cursors import Cursors
from tests.protocol.document import Block
from tests.protocol.example_site import ExampleSite

# For a shown text to come. A worker checks once a minute for logouts.
SECONDS = 90
LINE = re.compile(r"(?P<who>[A-Z]\w*) (?P<verb>connects|→|←|closed|leaves)(?: (?P<what>.*))?")
# Frames that may come at any time. An example shows them only if they matter.
ANY_TIME_TYPES = {"presence", "ping", "typing", "read"}
# In a sent text, an ellipsis stands for this number of repetitions of the character before it.
MORE = 4_000


class Client:
    """A connection, and its received texts that no example has shown yet."""

    def __init__(self, socket: WebSocketClient, cursors: Cursors):
        self.socket = socket
        self.cursors = cursors
        self.received: list[str] = []

    async def send(self, what: str) -> None:
        what = self.cursors.with_real(what)
        if times := re.fullmatch(r"(\d+) times (.*)", what, re.DOTALL):
            for _ in range(int(times[1])):
                await self.socket.send_text(times[2])
        elif what == "(a binary frame)":
            await self.socket.send_text(b"\0")
        else:
            await self.socket.send_text(re.sub("(.)…", lambda m: m[1] * (MORE + 1), what))

    async def take(self, shown: str) -> None:
        """Waits for the shown text. Frames of other types may come before it."""
        wanted = kind(shown)
        while not (same := [text for text in self.received if kind(text) == wanted]):
            self.received.append(await asyncio.wait_for(self.socket.receive(), SECONDS))
        self.received.remove(same[0])
        self.cursors.learn(shown, same[0])
        found = matching.text_differences(self.cursors.with_real(shown), same[0])
        if found and wanted[0] in ANY_TIME_TYPES:  # an older state: the shown one comes later
            await self.take(shown)
        else:
            assert not found, f"{found}, in {same[0]}"

    async def skip_to(self, shown: str) -> None:
        """Ignores received texts until the shown one comes."""
        self.received.clear()
        while matching.text_differences(
            shown, await asyncio.wait_for(self.socket.receive(), SECONDS)
        ):
            pass

    async def is_closed(self, code: int) -> None:
        """Waits until the server closes the socket, and checks the code."""
        ended = None
        async with asyncio.timeout(SECONDS):
            try:
                while True:
                    self.received.append(await self.socket.receive())
            except Closed as closed:
                ended = closed.code
        assert ended == code

    def unexpected(self) -> list[str]:
        """The received texts that no example shows."""
        return [text for text in self.received if type_of(text) not in ANY_TIME_TYPES]


class SocketExamples:
    """The clients of one section, by name."""

    def __init__(self, example_site: ExampleSite):
        self.example_site = example_site
        self.clients: dict[str, Client] = {}
        self.skipping: set[str] = set()

    async def run(self, block: Block) -> None:
        for line in lines(block):
            try:
                await self.act(line)
            except Exception as error:
                raise AssertionError(f"protocol.md:{block.line}: {line}: {error!r}") from error

    async def act(self, line: str) -> None:
        if line.startswith("("):
            await self.example_site.run_event(line)
            return
        match = LINE.fullmatch(line.rstrip())
        assert match, "not a line of an example"
        who, verb, what = match["who"], match["verb"], match["what"] or ""
        if verb == "connects":
            await self.connect(who, what)
        elif verb == "leaves":
            await self.clients[who].socket.close()
        elif verb == "→":
            await self.clients[who].send(what)
            await self.example_site.sent()
        elif verb == "closed":
            await self.clients[who].is_closed(int(what))
            self.skipped(who)
        elif what == matching.ANYTHING:
            self.skipping.add(who)
        elif who in self.skipping:
            self.skipping.remove(who)
            await self.clients[who].skip_to(what)
        else:
            await self.clients[who].take(what)

    def skipped(self, who: str) -> None:
        if who in self.skipping:
            self.skipping.remove(who)
            self.clients[who].received.clear()

    async def connect(self, who: str, what: str) -> None:
        path, _, user = what.partition(" as ")
        headers = {"Cookie": self.example_site.cookie(user)} if user else {}
        socket = await open_client(self.example_site.worker.ws, path, additional_headers=headers)
        self.clients[who] = Client(socket, self.example_site.cursors)
        assert socket.subprotocol == ("twinstream.v1" if has_frames(path) else None)

    async def close(self) -> None:
        for client in self.clients.values():
            await client.socket.close()

    def unexpected(self) -> list[str]:
        """The texts that any client received and no example shows."""
        return [f"{who} ← {text}" for who, c in self.clients.items() for text in c.unexpected()]


def lines(block: Block) -> list[str]:
    """The lines of an example. A line that begins with a space continues the line before."""
    return re.sub(r"\n\s+", "", block.text.strip()).split("\n")


def type_of(text: str) -> str | None:
    """The type of a frame; None for a line of text."""
    try:
        frame = json.loads(text)
    except ValueError:
        return None
    return frame.get("type") if isinstance(frame, dict) else None


def kind(text: str) -> tuple[str | None, str | None]:
    """The type of a frame, and the code of an error. The order within a kind is fixed."""
    type = type_of(text)
    return type, json.loads(text)["code"] if type == "error" else None
