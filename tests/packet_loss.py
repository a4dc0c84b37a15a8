"""A TCP proxy between a worker and a server, whose kernel drops what the worker sends."""

import asyncio
import contextlib
import ctypes
import socket
import struct

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27  # linux/socket.h
# One instruction of the classic packet filter: accept no byte of any packet (BPF_RET | BPF_K, 0).
# The kernel then drops the packet before TCP sees it: nothing is acknowledged or refused.
DROP_ALL = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
FILTER_PROGRAM = struct.pack("HL", 1, ctypes.addressof(DROP_ALL))


class LossyProxy:
    """Passes connections on to a port of this machine, until `drop` is called. An async context
    manager."""

    def __init__(self, port: int):
        self.target = port
        self.flows = asyncio.Event()
        self.flows.set()
        self.clients: set[socket.socket] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def drop(self) -> None:
        """Drops every packet from a client, and passes nothing on to clients."""
        self.flows.clear()
        for each in [*self.server.sockets, *self.clients]:
            each.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, FILTER_PROGRAM)

    def restore(self) -> None:
        """Lets packets through again."""
        for each in [*self.server.sockets, *self.clients]:
            each.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        self.flows.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = writer.get_extra_info("socket")
        self.clients.add(client)
        self.tasks.add(asyncio.current_task())
        upstream = None
        # The end of the test cancels this. asyncio would report a cancelled handler.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            from_server, upstream = await asyncio.open_connection("127.0.0.1", self.target)
            await asyncio.gather(self.pump(reader, upstream), self.pump(from_server, writer))
        self.clients.discard(client)
        self.tasks.discard(asyncio.current_task())
        for each in filter(None, (writer, upstream)):
            each.close()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Passes on what one side sends. The end of one side ends both."""
        while data := await reader.read(65_536):
            await self.flows.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError
