"""HTTP and WebSocket clients of the stress run, whose connections can be cut at any moment."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.clients.websocket import PATH, WebSocketClient, open_client

# SO_LINGER with 0 seconds: close() discards unsent bytes and sends a reset, as from a client
# whose network fails.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
# A stream pings after 15 seconds, so a client that reads nothing for 30 was forgotten by its
# worker. The run reports that as an error.
READ_SECONDS = 30.0
ROOM = "lobby"
NETWORK_ERRORS = (OSError, httpx.TransportError)


class HttpClient:
    """An HTTP client that knows its TCP connections."""

    def __init__(self, cookies: dict[str, str] | None = None):
        timeout = httpx.Timeout(READ_SECONDS, connect=5.0)
        self.client = httpx.AsyncClient(cookies=cookies, timeout=timeout)
        self.streams: list[Any] = []

    async def note_connection(self, event: str, info: dict[str, Any]) -> None:
        """Called by httpx for each event of a connection. Stores new TCP connections."""
        if event == "connection.connect_tcp.complete":
            self.streams.append(info["return_value"])

    @property
    def extensions(self) -> dict[str, Any]:
        return {"trace": self.note_connection}

    async def get(self, url: str, **query: Any) -> dict[str, Any]:
        """The JSON body of an answer. Raises httpx.HTTPStatusError for 4xx and 5xx."""
        answer = await self.client.get(url, params=query, extensions=self.extensions)
        return answer.raise_for_status().json()

    def reset_on_close(self) -> None:
        """Makes `close` reset the connections."""
        for stream in self.streams:
            if raw := stream.get_extra_info("socket"):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)

    async def close(self) -> None:
        await self.client.aclose()


async def guest(url: str) -> dict[str, str]:
    """The cookies that the page of a room sets for a new guest."""
    async with httpx.AsyncClient(timeout=30) as client:
        (await client.get(f"{url}/chat/lobby/")).raise_for_status()
        return dict(client.cookies)


def entries_url(url: str) -> str:
    return f"{url}/api/rooms/{ROOM}/entries"


@contextlib.asynccontextmanager
async def connected(url: str, path: str = PATH, **options: Any) -> AsyncIterator[WebSocketClient]:
    """A WebSocket client of the worker at an HTTP URL. If its task is cancelled, the connection is
    aborted without a close frame."""
    client = await open_client(url.replace("http", "ws", 1), path, ping_interval=None, **options)
    try:
        yield client
    except asyncio.CancelledError:
        client.abort()
        raise
    finally:
        await client.close()
