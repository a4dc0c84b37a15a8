"""`python -m config.server`: Daphne with its own command line, changed where it fails those who
host on it. Written for one version of Daphne; refuses to start on another, and where something is
gone that it changes."""

import asyncio
import logging
import os
import sys
from contextlib import suppress
from functools import partial
from typing import Any

from config.loop import prefer_uvloop

if __name__ == "__main__":
    prefer_uvloop()  # Daphne makes its loop when its server is imported

import daphne.server as stock
from daphne.cli import CommandLineInterface
from django.conf import settings
from twisted.internet import defer, reactor

from config import endpoints, flow, leftovers, parts

parts.check()

from config.cycle import Cycle  # noqa: E402
from config.protocols import HTTPFactory, WebSocketFactory  # noqa: E402

logger = logging.getLogger(__name__)

APPLICATION = "config.asgi:application"
CONNECT_SECONDS = 30  # until a handshake is complete; Daphne's own 5 fail who comes with many

# The process leaves within ten.
DRAIN_SECONDS = 6.0  # for those who are there
CUT_SECONDS = 0.5  # for those who are cut off
END_SECONDS = 2.0  # for the application
THREADS_SECONDS = 0.5

# Daphne makes them by these names.
stock.HTTPFactory = HTTPFactory
stock.WebSocketFactory = WebSocketFactory


class Server(stock.Server):
    """Daphne that waits for its readers, and drains before it leaves."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options["websocket_connect_timeout"] = CONNECT_SECONDS
        options["websocket_handshake_timeout"] = CONNECT_SECONDS
        # The application closes what is a little too large with a code of its own.
        most = 2 * settings.CHAT_FRAME_BYTES
        options["websocket_max_message_size"] = options["websocket_max_frame_size"] = most
        options["endpoints"] = [endpoints.ready(each) for each in options["endpoints"]]
        super().__init__(*args, **options)
        self.ports: list[Any] = []
        self.draining = False
        self.cycle = Cycle(self.application)

    def listen_success(self, port: Any) -> None:
        """A port is open."""
        super().listen_success(port)
        flow.prepare(port)
        self.ports.append(port)
        # Not at once: the loop does not run yet.
        reactor.callLater(0, self.cycle.start)  # type: ignore[arg-type]

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Runs the application for a connection; for a socket, with an inbox that can be full.
        Daphne does not say whether a socket came by TLS, as ASGI does; the Origin of a page could
        not be compared with it."""
        if scope["type"] != "websocket":
            return super().create_application(protocol, scope)
        by_tls = getattr(protocol, "client_scheme", None) == "https"
        scope |= {"asgi": {"version": "3.0"}, "scheme": "wss" if by_tls else "ws"}
        inbox = flow.Inbox(protocol)
        send = partial(self.handle_reply, protocol)
        run = self.application(scope=scope, receive=inbox.get, send=send)
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(run)
        return inbox

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Sends what the application says, and keeps it waiting while nobody reads that."""
        await super().handle_reply(protocol, message)
        await protocol.flow.drained()

    # ---- The end (django/daphne#177) ----

    def kill_all_applications(self) -> defer.Deferred[None]:
        """Twisted asks this before it shuts down, on SIGTERM and SIGINT."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self.leave()))

    async def leave(self) -> None:
        """Lets nobody in any more, sees everybody off, and ends the application."""
        self.draining = True
        for port in self.ports:
            port.stopListening()
        self.cycle.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.emptied()
        await self.cut_off()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self.cycle.end()
        if left := leftovers.tasks():
            logger.error("Tasks were left behind: %s", ", ".join(left))

    async def emptied(self) -> None:
        """Waits until all have left, with all that was written to them."""
        while serving := self.serving():
            await asyncio.wait(serving)
        while flow.unsent():  # noqa: ASYNC110 - nothing tells when the kernel has taken it
            await asyncio.sleep(0.02)

    async def cut_off(self) -> None:
        """Ends those who take nothing."""
        if late := self.serving():
            logger.warning("%d connections were cut off.", len(late))
            for run in late:
                run.cancel()
            await asyncio.wait(late, timeout=CUT_SECONDS)

    def serving(self) -> set[asyncio.Future[None]]:
        """The runs of the application that go on."""
        runs = (details.get("application_instance") for details in self.connections.values())
        return {run for run in runs if run is not None and not run.done()}


class Main(CommandLineInterface):
    """Daphne's command line, on our server and application."""

    server_class = Server

    def __init__(self) -> None:
        super().__init__()
        for action in self.parser._actions:
            if action.dest == "application":
                action.nargs, action.default = "?", APPLICATION

    def run(self, arguments: list[str]) -> None:
        """Serves until a signal ends it. A thread that waits for a locked database would hold
        the process far longer than whoever stops it waits."""
        endpoints.raise_open_files()
        super().run(arguments)
        if left := leftovers.threads(THREADS_SECONDS):
            logger.error("Threads were left behind: %s", ", ".join(left))
            logging.shutdown()
            os._exit(1)


if __name__ == "__main__":
    Main().run(sys.argv[1:])
