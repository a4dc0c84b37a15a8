"""Where the room is, who comes, and connections that can be cut."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.clients.websocket import PATH, WebSocketClient, open_client

# On closing, whatever is under way is thrown away and the peer gets a reset, as from a client
# whose network has gone.
AT_ONCE = struct.pack("ii", 1, 0)
# Longer than any answer takes: a stream pings after 15 seconds. Whoever waits for longer has
# been forgotten, which is counted and never happens.
SILENCE_SECONDS = 30.0
ROOM = "lobby"
FAILURES = (OSError, httpx.TransportError)


class Wire:
    """A client of its own connection."""

    def __init__(self, cookies: dict[str, str] | None = None):
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=5.0)
        self.client = httpx.AsyncClient(cookies=cookies, timeout=timeout)
        self.streams: list[Any] = []

    async def noted(self, event: str, info: dict[str, Any]) -> None:
        """Keeps what the client has connected."""
        if event == "connection.connect_tcp.complete":
            self.streams.append(info["return_value"])

    @property
    def extensions(self) -> dict[str, Any]:
        return {"trace": self.noted}

    async def get(self, url: str, **query: Any) -> dict[str, Any]:
        """A JSON answer. httpx.HTTPStatusError if it is a refusal."""
        answer = await self.client.get(url, params=query, extensions=self.extensions)
        return answer.raise_for_status().json()

    def reset_on_close(self) -> None:
        """Makes the end of the connections a sudden one."""
        for stream in self.streams:
            if raw := stream.get_extra_info("socket"):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)

    async def close(self) -> None:
        await self.client.aclose()


async def guest(url: str) -> dict[str, str]:
    """The cookies of somebody new, as the page of the room sets them."""
    async with httpx.AsyncClient(timeout=30) as client:
        (await client.get(f"{url}/chat/lobby/")).raise_for_status()
        return dict(client.cookies)


def entries_url(url: str) -> str:
    return f"{url}/api/rooms/{ROOM}/entries"


@contextlib.asynccontextmanager
async def connected(url: str, path: str = PATH, **options: Any) -> AsyncIterator[WebSocketClient]:
    """A client of the worker at a URL of HTTP. When its task is cancelled, it ends the connection
    without a close frame."""
    client = await open_client(url.replace("http", "ws", 1), path, ping_interval=None, **options)
    try:
        yield client
    except asyncio.CancelledError:
        client.abort()
        raise
    finally:
        await client.close()
