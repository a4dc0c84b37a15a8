"""The ASGI extensions of `config.server` (ASGI specification, "Extensions"): their names and
types. Another server does not have them; the application then sends ordinary ASGI messages."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

# In `scope["extensions"]` of a WebSocket: sends a text frame now if the client takes it, and
# returns whether it did.
SEND_NOW = "twinstream.send_now"
SendNow = Callable[[str], bool]

# In `scope["extensions"]` of an HTTP request: writes body chunks directly to the connection.
BODY_WRITER = "twinstream.body_writer"

# An event of `lifespan` scopes: the worker is about to stop and should send its clients away.
# ASGI has `lifespan.shutdown` only, which comes after all connections are closed.
DRAIN = "lifespan.drain"

# A key of the scope itself: the list that `realtime.detach` adds to every scope.
DETACH = "twinstream.detach"
Continuation = Callable[[Any, Any], Awaitable[None]]


class BodyWriter(Protocol):
    """Writes the body of a response that has begun. Its chunks are the bytes that the application
    would otherwise send in `http.response.body` messages, in the same order."""

    @property
    def full(self) -> bool:
        """Whether the write buffer is full: wait for `drained` before the next chunk."""

    def write_body(self, chunk: bytes) -> None:
        """Writes a chunk. Does nothing when the client has disconnected."""

    async def drained(self) -> None:
        """Waits until the client has read enough."""
