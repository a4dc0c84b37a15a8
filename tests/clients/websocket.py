"""The WebSocket client for all tests: it connects to a worker over TCP, or to an application in the
process of the tests."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from channels.testing import WebsocketCommunicator
from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import ConnectionClosed

PATH, SUBPROTOCOL = "/ws/chat/", "twinstream.v1"
NO_CODE = 1006  # RFC 6455, section 7.4.1: the connection ended without a close frame
ANSWER_SECONDS = 30  # for an immediate answer, on a machine with other load


class Closed(Exception):
    """The server has closed the connection, with a code."""

    def __init__(self, code: int):
        super().__init__(code)
        self.code = code


class Connection(Protocol):
    """Sends and receives text."""

    async def send(self, text: str | bytes) -> None: ...

    async def receive(self) -> str:
        """The next message. `Closed` at the end."""

    async def close(self) -> None: ...


class WireConnection:
    """A connection to a worker."""

    def __init__(self, socket: ClientConnection):
        self.socket = socket
        self.subprotocol = socket.subprotocol

    async def send(self, text: str | bytes) -> None:
        await self.socket.send(text)

    async def receive(self) -> str:
        try:
            return str(await self.socket.recv())
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else NO_CODE) from None

    async def close(self) -> None:
        await self.socket.close()

    def abort(self) -> None:
        """Ends the connection without a close frame, as a client that vanishes."""
        self.socket.transport.abort()


class LocalConnection:
    """A connection to an ASGI application of this process."""

    def __init__(self, socket: WebsocketCommunicator):
        self.socket = socket
        self.subprotocol: str | None = None

    async def open(self) -> None:
        accepted, self.subprotocol = await self.socket.connect(timeout=ANSWER_SECONDS)
        assert accepted

    async def send(self, text: str | bytes) -> None:
        if isinstance(text, str):
            await self.socket.send_to(text_data=text)
        else:
            await self.socket.send_to(bytes_data=text)

    async def receive(self) -> str:
        message = await self.socket.receive_output(timeout=ANSWER_SECONDS)
        if message["type"] == "websocket.close":
            raise Closed(message["code"])
        return str(message["text"])

    async def close(self) -> None:
        if not self.socket.future.done():
            await self.socket.disconnect(timeout=ANSWER_SECONDS)


class WebSocketClient:
    """A client of the JSON socket, or of a plain-text socket."""

    room = "lobby"  # the default of `join` and `say`

    def __init__(self, connection: Any, *, answers_pings: bool = True):
        self.connection = connection
        self.answers_pings = answers_pings
        self.entries: list[dict[str, Any]] = []
        self.cursor: str | None = None
        self.acks: dict[str, dict[str, Any]] = {}

    # ---- Either socket ----

    async def open(self) -> "WebSocketClient":
        """Connects a client that `local_client` has made."""
        await self.connection.open()
        return self

    @property
    def subprotocol(self) -> str | None:
        """The negotiated subprotocol."""
        return self.connection.subprotocol

    async def send_text(self, text: str | bytes) -> None:
        await self.connection.send(text)

    async def receive(self) -> str:
        """The next message. `Closed` at the end."""
        return await self.connection.receive()

    async def closed(self) -> int:
        """Ignores all messages until the server closes; returns the close code."""
        try:
            while True:
                await self.receive()
        except Closed as closed:
            return closed.code

    async def close(self) -> None:
        await self.connection.close()

    def abort(self) -> None:
        """Ends the connection without a close frame."""
        self.connection.abort()

    # ---- The JSON socket ----

    async def send(self, type: str, **fields: Any) -> None:
        await self.send_text(json.dumps({"type": type, **fields}))

    async def take(self) -> dict[str, Any]:
        """The next frame."""
        frame: dict[str, Any] = json.loads(await self.receive())
        if frame["type"] == "events":
            self.entries += frame["events"]
            self.cursor = frame["cursor"]
        elif frame["type"] == "ack":
            self.acks[frame["cid"]] = frame
        elif frame["type"] == "ping" and self.answers_pings:
            await self.send("pong", ts=frame["ts"])
        return frame

    async def frames(self) -> AsyncIterator[dict[str, Any]]:
        """Each frame, until the connection is closed."""
        try:
            while True:
                yield await self.take()
        except Closed:
            return

    async def frame(self, type: str) -> dict[str, Any]:
        """The next frame, which must have this type."""
        frame = await self.take()
        assert frame["type"] == type, frame
        return frame

    async def until(self, type: str) -> dict[str, Any]:
        """The next frame of this type. Ignores other frames."""
        while (frame := await self.take())["type"] != type:
            pass
        return frame

    async def join(self, room: str | None = None, **fields: Any) -> dict[str, Any]:
        await self.send("join", room=room or self.room, **fields)
        return await self.until("joined")

    async def say(self, cid: str, body: str = "b") -> None:
        await self.send("say", room=self.room, cid=cid, body=body)

    async def acknowledged(self, cid: str) -> dict[str, Any]:
        """The ack of a command."""
        while cid not in self.acks:
            await self.take()
        return self.acks[cid]

    async def until_head(self, head: int) -> None:
        """Reads frames until the entry `head` has come."""
        while not self.entries or self.entries[-1]["seq"] < head:
            await self.take()

    @property
    def seqs(self) -> list[int]:
        return [entry["seq"] for entry in self.entries]


async def open_client(url: str, path: str = PATH, **options: Any) -> WebSocketClient:
    """Connects a client to a worker. `options` are those of websockets' `connect`."""
    socket = await connect(f"{url}{path}", **with_protocol(path, options))
    return WebSocketClient(WireConnection(socket))


async def open_unix_client(file: str, path: str = PATH) -> WebSocketClient:
    """Connects a client to a worker on a unix socket."""
    url = f"ws://localhost{path}"
    socket = await unix_connect(file, url, **with_protocol(path, {}))
    return WebSocketClient(WireConnection(socket))


def with_protocol(path: str, options: dict[str, Any]) -> dict[str, Any]:
    """Adds the subprotocol to the options for the JSON socket. A plain-text socket has none."""
    return ({"subprotocols": [SUBPROTOCOL]} if has_frames(path) else {}) | options


def has_frames(path: str) -> bool:
    """Whether a path is that of the JSON socket."""
    return path.partition("?")[0] == PATH


def local_client(
    application: Any,
    path: str = PATH,
    headers: Sequence[tuple[bytes, bytes]] = (),
    subprotocols: Sequence[str] = (SUBPROTOCOL,),
) -> WebSocketClient:
    """A client of an application in this process; `open` connects it. It does not answer pings by
    itself."""
    everything = [(b"host", b"testserver"), *headers]
    socket = WebsocketCommunicator(application, path, everything, list(subprotocols))
    return WebSocketClient(LocalConnection(socket), answers_pings=False)
