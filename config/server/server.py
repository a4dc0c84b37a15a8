"""Daphne with backpressure, ASGI lifespan and a graceful shutdown, on Daphne's command line.

The application is reached through ASGI alone; the ASGI extensions that this server offers are in
`realtime.extensions`.
"""

import asyncio
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

import daphne.server as stock
from daphne.access import AccessLogGenerator
from daphne.cli import CommandLineInterface
from django.conf import settings
from twisted.internet import defer, reactor

from config.server import compat, listen, transport
from config.server.access_log import AccessLog, without_people

# Before the modules below, which override what it checks.
compat.check_versions()

from config.server.backpressure import BoundedReceiveQueue, ReceiveQueue  # noqa: E402
from config.server.http import HTTPFactory  # noqa: E402
from config.server.lifespan_runner import LifespanRunner  # noqa: E402
from config.server.shutdown import THREADS_BY, Shutdown, unfinished_threads  # noqa: E402
from config.server.websocket import WebSocketFactory  # noqa: E402
from realtime import extensions  # noqa: E402
from realtime.requests import request_id  # noqa: E402

logger = logging.getLogger(__name__)

APPLICATION = "config.asgi:application"
# For a WebSocket handshake. Daphne's own 5 s are too short when many clients connect at once.
HANDSHAKE_SECONDS = 30

# Daphne's server makes its factories by these names.
stock.HTTPFactory = HTTPFactory
stock.WebSocketFactory = WebSocketFactory


class Server(stock.Server):
    """Daphne's server, which makes our protocols."""

    def __init__(self, *args: Any, **options: Any) -> None:
        compat.warn_if_untested()
        options["websocket_connect_timeout"] = HANDSHAKE_SECONDS
        options["websocket_handshake_timeout"] = HANDSHAKE_SECONDS
        # Twice the application's limit: up to that, the application refuses a message itself, with
        # a close code of its own.
        max_bytes = 2 * settings.CHAT_FRAME_BYTES
        options["websocket_max_message_size"] = options["websocket_max_frame_size"] = max_bytes
        options["endpoints"] = [listen.normalise(each) for each in options["endpoints"]]
        if isinstance(log := options.get("action_logger"), AccessLogGenerator):
            options["action_logger"] = AccessLog(log.stream)
        super().__init__(*args, **options)
        self.ports: list[Any] = []
        self.draining = False
        # The threads of `run_in_executor(None, …)`: Django makes the page of a 404 in one. Those of
        # the loop's own executor wait for more work for ever, and the process for them.
        self.executor = ThreadPoolExecutor(
            int(os.environ.get("ASGI_THREADS") or 0) or None, thread_name_prefix="default"
        )
        stock.twisted_loop.set_default_executor(self.executor)
        self.lifespan = LifespanRunner(self.application)
        self.shutdown = Shutdown(self)

    def listen_success(self, port: Any) -> None:
        """Daphne's callback for each port that is open."""
        super().listen_success(port)
        transport.configure_port(port)
        self.ports.append(port)
        # Later: the event loop does not run yet.
        reactor.callLater(0, self.lifespan.start)  # type: ignore[arg-type]

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> ReceiveQueue:
        """Starts the application for a connection. Returns the queue of its events.

        Adds what Daphne leaves out of the scope: the scheme of a WebSocket, without which the
        origin of a page cannot be compared with it, and our ASGI extensions."""
        queue = ReceiveQueue()
        scope["asgi"] = {"version": "3.0"}
        if scope["type"] == "websocket":
            queue = BoundedReceiveQueue(protocol)
            by_tls = getattr(protocol, "client_scheme", None) == "https"
            scope["scheme"] = "wss" if by_tls else "ws"
            scope["extensions"] = {extensions.SEND_NOW: protocol.send_now}
            send = protocol.send
        else:
            scope["extensions"] = {extensions.BODY_WRITER: protocol}
            send = partial(self.handle_reply, protocol)
        run = self.application(scope=scope, receive=queue.get, send=send)
        protocol.request_id = request_id.find_or_make(scope["headers"])
        # The context of the new task, and not that of the reactor, gets the id.
        context = copy_context()
        context.run(request_id.current_id.set, protocol.request_id)
        task = context.run(asyncio.ensure_future, run)
        self.connections[protocol]["application_instance"] = task
        return queue

    def log_action(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        """Writes a line of the access log."""
        if self.action_logger:
            shown = details if settings.LOG_ADDRESSES else without_people(details)
            self.action_logger(protocol, action, shown)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """The ASGI `send`. Waits while the write buffer of the connection is full."""
        await super().handle_reply(protocol, message)
        await protocol.write_gate.drained()

    def running(self) -> dict[Any, asyncio.Future[None]]:
        """The application's tasks that still run, by the protocols of their connections."""
        tasks = {
            protocol: details.get("application_instance")
            for protocol, details in self.connections.items()
        }
        return {protocol: task for protocol, task in tasks.items() if task and not task.done()}

    def kill_all_applications(self) -> defer.Deferred[None]:
        """Twisted calls this on SIGTERM and SIGINT and waits for it. Daphne's own cancels every
        application at once."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self.shutdown.run()))


class Main(CommandLineInterface):
    """Daphne's command line. The application is optional: config.asgi by default."""

    server_class = Server

    def __init__(self) -> None:
        super().__init__()
        for action in self.parser._actions:
            if action.dest == "application":
                action.nargs, action.default = "?", APPLICATION

    def run(self, arguments: list[str]) -> None:
        """Serves until a signal. Exits with 1 if a thread is still running then, such as one that
        waits for a locked database: Python would wait for it without limit."""
        listen.raise_open_file_limit()
        super().run(arguments)
        if names := unfinished_threads(self.server.shutdown.seconds_until(THREADS_BY)):
            logger.error("Threads still running at exit: %s", ", ".join(names))
            logging.shutdown()
            os._exit(1)
