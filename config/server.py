"""`python -m config.server`: Daphne with its own command line, changed where it fails those who
host on it. Written for one version of Daphne; refuses to start on another."""

import asyncio
import logging
import sys
from contextlib import suppress
from typing import Any

import daphne

from config.loop import prefer_uvloop

WRITTEN_FOR = "4.2.3"
if daphne.__version__ != WRITTEN_FOR:
    raise SystemExit(
        f"config.server is written for Daphne {WRITTEN_FOR}; this is {daphne.__version__}."
    )

if __name__ == "__main__":
    prefer_uvloop()  # Daphne makes its loop when its server is imported

import daphne.server as stock  # noqa: E402
from daphne.cli import CommandLineInterface  # noqa: E402
from twisted.internet import defer, reactor  # noqa: E402

from config.flow import write_at_once  # noqa: E402
from config.protocols import HTTPFactory, WebSocketFactory  # noqa: E402

logger = logging.getLogger(__name__)

APPLICATION = "config.asgi:application"
CONNECT_SECONDS = 30  # until a handshake is complete; Daphne's own 5 fail who comes with many
BACKLOG = 1024  # connections that wait to be accepted; Twisted's own 50 refuse a crowd
DRAIN_SECONDS = 8.0  # the process leaves within ten

# Daphne makes them by these names.
stock.HTTPFactory = HTTPFactory
stock.WebSocketFactory = WebSocketFactory


class Server(stock.Server):
    """Daphne that waits for its readers, and drains before it leaves."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options["websocket_connect_timeout"] = CONNECT_SECONDS
        options["websocket_handshake_timeout"] = CONNECT_SECONDS
        options["endpoints"] = [with_backlog(each) for each in options["endpoints"]]
        super().__init__(*args, **options)
        self.ports: list[Any] = []
        self.draining = False
        self.lifespan = Lifespan(self.application)

    def listen_success(self, port: Any) -> None:
        """A port is open."""
        super().listen_success(port)
        write_at_once(port)
        self.ports.append(port)
        # Not at once: the loop does not run yet.
        reactor.callLater(0, self.lifespan.start)  # type: ignore[arg-type]

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Begins to serve a connection. Daphne does not say whether a socket came by TLS, as
        ASGI does; the Origin of a page could not be compared with it."""
        if scope["type"] == "websocket":
            by_tls = getattr(protocol, "client_scheme", None) == "https"
            scope["scheme"] = "wss" if by_tls else "ws"
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Sends what the application says, and keeps it waiting while nobody reads that."""
        await super().handle_reply(protocol, message)
        await protocol.flow.drained()

    # ---- The end (django/daphne#177) ----

    def kill_all_applications(self) -> defer.Deferred[None]:
        """Twisted asks this before it shuts down, on SIGTERM and SIGINT."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self.leave()))

    async def leave(self) -> None:
        """Lets nobody in any more, tells the application, and waits until all have left; not for
        ever: those who take nothing are cut off."""
        self.draining = True
        for port in self.ports:
            port.stopListening()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.lifespan.shutdown()
                while serving := self.serving():
                    await asyncio.wait(serving)
        if late := self.serving():
            for run in late:
                run.cancel()
            await asyncio.wait(late, timeout=1)

    def serving(self) -> set[asyncio.Future[None]]:
        """The runs of the application that go on."""
        runs = (details.get("application_instance") for details in self.connections.values())
        return {run for run in runs if run is not None and not run.done()}


class Lifespan:
    """The application's own start and end (ASGI lifespan), which Daphne does not have."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.events: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.running: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()

    def start(self) -> None:
        """Tells the application that it begins; once, however many ports are open."""
        if self.running is None:
            self.events.put_nowait({"type": "lifespan.startup"})
            self.running = asyncio.get_running_loop().create_task(self.run())

    async def run(self) -> None:
        """The application, for this scope."""
        try:
            await self.application(
                {"type": "lifespan", "asgi": {"version": "3.0"}}, self.events.get, self.send
            )
        except Exception:
            logger.exception("The lifespan of the application failed.")
        finally:
            self.ended.set()

    async def send(self, message: dict[str, str]) -> None:
        """Takes what the application answers."""
        if message["type"].startswith("lifespan.shutdown"):
            self.ended.set()

    async def shutdown(self) -> None:
        """Tells the application that it ends, and waits until it has done its part."""
        if self.running is not None:
            self.events.put_nowait({"type": "lifespan.shutdown"})
            await self.ended.wait()


def with_backlog(endpoint: str) -> str:
    """An endpoint description with a longer queue, where there is one."""
    has_queue = endpoint.startswith(("tcp:", "unix:", "ssl:")) and "backlog=" not in endpoint
    return f"{endpoint}:backlog={BACKLOG}" if has_queue else endpoint


class Main(CommandLineInterface):
    """Daphne's command line, on our server and application."""

    server_class = Server

    def __init__(self) -> None:
        super().__init__()
        for action in self.parser._actions:
            if action.dest == "application":
                action.nargs, action.default = "?", APPLICATION


if __name__ == "__main__":
    Main().run(sys.argv[1:])
