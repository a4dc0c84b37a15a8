"""`python -m config.server`: Daphne with its own command line, changed where it fails those who
host on it. Refuses to start where an attribute is missing that it overrides."""

import asyncio
import logging
import os
import time
from contextlib import suppress
from functools import partial
from typing import Any

import daphne.server as stock
from daphne.cli import CommandLineInterface
from django.conf import settings
from twisted.internet import defer, reactor

from config.server import backpressure, compat, leak_report, listen

compat.check_versions()

from config.server.lifespan_runner import Cycle  # noqa: E402
from config.server.protocols import HTTPFactory, WebSocketFactory  # noqa: E402
from realtime import extensions  # noqa: E402

logger = logging.getLogger(__name__)

APPLICATION = "config.asgi:application"
CONNECT_SECONDS = 30  # until a handshake is complete; Daphne's own 5 fail who comes with many

# Seconds after the signal. The process leaves within ten; what one step does not need is the next
# one's.
DRAINED_BY = 6.0  # those who are there
CUT_BY = 7.5  # those who are cut off
ENDED_BY = 8.5  # the application
LEFT_BY = 9.0  # its threads

# Daphne makes them by these names.
stock.HTTPFactory = HTTPFactory
stock.WebSocketFactory = WebSocketFactory


class Server(stock.Server):
    """Daphne that waits for its readers, and drains before it leaves."""

    def __init__(self, *args: Any, **options: Any) -> None:
        compat.warn_if_untested()
        options["websocket_connect_timeout"] = CONNECT_SECONDS
        options["websocket_handshake_timeout"] = CONNECT_SECONDS
        # The application closes what is a little too large with a code of its own.
        most = 2 * settings.CHAT_FRAME_BYTES
        options["websocket_max_message_size"] = options["websocket_max_frame_size"] = most
        options["endpoints"] = [listen.ready(each) for each in options["endpoints"]]
        super().__init__(*args, **options)
        self.ports: list[Any] = []
        self.signalled_at: float | None = None
        self.draining = False
        self.cycle = Cycle(self.application)

    def listen_success(self, port: Any) -> None:
        """A port is open."""
        super().listen_success(port)
        backpressure.prepare(port)
        self.ports.append(port)
        # Not at once: the loop does not run yet.
        reactor.callLater(0, self.cycle.start)  # type: ignore[arg-type]

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Runs the application for a connection, with an inbox that for a socket can be full.
        Daphne does not say whether a socket came by TLS, as ASGI does; the Origin of a page could
        not be compared with it."""
        inbox = backpressure.Inbox()
        scope["asgi"] = {"version": "3.0"}
        if scope["type"] == "websocket":
            inbox = backpressure.BoundedInbox(protocol)
            by_tls = getattr(protocol, "client_scheme", None) == "https"
            scope["scheme"] = "wss" if by_tls else "ws"
            scope["extensions"] = {extensions.SEND_NOW: protocol.write}
            send = protocol.reply
        else:
            scope["extensions"] = {extensions.BODY_WRITER: protocol}
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

    def left_until(self, seconds: float) -> float:
        """How long it is until so many seconds after the signal."""
        since = time.monotonic() - self.signalled_at if self.signalled_at else 0.0
        return max(0.0, seconds - since)

    async def leave(self) -> None:
        """Lets nobody in any more, sees everybody off, and ends the application."""
        self.signalled_at = time.monotonic()
        for port in self.ports:
            port.stopListening()
        self.cycle.drain()
        # Not before the application has heard it: no answer says "ready" and closes.
        await asyncio.sleep(0)
        self.draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(self.left_until(DRAINED_BY)):
                await self.emptied()
        await self.cut_off()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.left_until(ENDED_BY)):
                await self.cycle.end()
        if left := leak_report.tasks():
            logger.error("Tasks were left behind: %s", ", ".join(left))

    async def emptied(self) -> None:
        """Waits until all have left, with all that was written to them."""
        while serving := self.serving():
            await asyncio.wait(serving.values())
        while backpressure.unsent():  # noqa: ASYNC110 - nothing tells when the kernel has taken it
            await asyncio.sleep(0.02)

    async def cut_off(self) -> None:
        """Ends those who take nothing, and those who were too many to be answered."""
        if late := self.serving():
            logger.warning("%d connections were cut off.", len(late))
            for protocol, run in late.items():
                protocol.give_up(run)
            await asyncio.wait(late.values(), timeout=self.left_until(CUT_BY))

    def serving(self) -> dict[Any, asyncio.Future[None]]:
        """The runs of the application that go on, by their connections."""
        runs = {
            protocol: details.get("application_instance")
            for protocol, details in self.connections.items()
        }
        return {protocol: run for protocol, run in runs.items() if run and not run.done()}


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
        listen.raise_open_files()
        super().run(arguments)
        if left := leak_report.threads(self.server.left_until(LEFT_BY)):
            logger.error("Threads were left behind: %s", ", ".join(left))
            logging.shutdown()
            os._exit(1)
