"""The open sockets of one worker."""

from collections import Counter
from typing import Protocol


class DrainableSocket(Protocol):
    """A socket that can tell its client that the worker stops."""

    transport: str

    def drain(self) -> None:
        """Sends the client away. Does not wait."""


class SocketRegistry:
    """Knows every open socket, and sends all clients away when the worker drains."""

    def __init__(self) -> None:
        self.open: set[DrainableSocket] = set()
        self.draining = False

    def add(self, socket: DrainableSocket) -> None:
        """A socket was opened."""
        self.open.add(socket)

    def discard(self, socket: DrainableSocket) -> None:
        """A socket was closed."""
        self.open.discard(socket)

    def by_transport(self) -> Counter[str]:
        """How many sockets are open, by transport."""
        return Counter(socket.transport for socket in self.open)

    def drain(self) -> None:
        """Sends every client away at the same time: a client that reads nothing delays no other
        client."""
        self.draining = True
        for socket in self.open:
            socket.drain()
