"""Daphne's two protocols, with a flow that can be waited for and limits on what arrives."""

import asyncio
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from daphne import http_protocol, ws_protocol
from django.conf import settings
from twisted.web import http

from config.server import slim
from config.server.backpressure import Flow
from config.server.framing import frame
from realtime.counters import connection_counters

logger = logging.getLogger(__name__)

# A client must not move the site to another root; stock Daphne takes it from anybody.
ROOT_PATH = b"daphne-root-path"
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
# Pieces of one message. Empty ones cost memory, and count for nothing in autobahn's limits.
FRAGMENTS_MOST = 1_000


def contained(look: Callable[..., None]) -> Callable[..., None]:
    """For what Daphne calls for every connection in turn, each second: were one of them to raise,
    it would never again look after any."""

    @wraps(look)
    def look_and_survive(connection: Any, *what: Any) -> None:
        try:
            look(connection, *what)
        except Exception:
            logger.exception("A connection from %s was not looked after.", connection.client_addr)

    return look_and_survive


class Channel(http.HTTPChannel):
    """A connection whose requests must be complete in time, however slowly they come. Twisted
    begins its time anew with each byte, and so waits for ever for who sends one now and then."""

    arriving = False

    def resetTimeout(self) -> None:
        """Something has come. With the first byte of a request its time begins."""
        if not self.arriving:
            self.arriving = True
            if self.timeOut:  # it waits for nothing that is under way
                self.setTimeout(settings.REQUEST_SECONDS)

    def allContentReceived(self) -> None:
        """The request is complete. When it is answered, the time until the next begins."""
        self.arriving = False
        self.setTimeout(idle_seconds())
        super().allContentReceived()


def idle_seconds() -> float:
    """How long a connection may ask nothing: 75 s, which is longer than the 60 for which nginx
    keeps one, so that it never asks on one that is about to be closed."""
    return 2.5 * settings.REQUEST_SECONDS


class Request(http_protocol.WebRequest):
    """A request of limited size, whose response waits for its reader."""

    light = False

    def __init__(self, *args: Any, **options: Any) -> None:
        self.room = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        super().__init__(*args, **options)
        self.flow = Flow(self.channel.transport)

    # ---- What arrives. Stock Daphne keeps a body of any size, in memory and in a file, before
    # the application sees the first byte of it. ----

    def gotLength(self, length: int | None) -> None:
        """The headers are complete, and say how long the body is; or not."""
        fits = (length or 0) <= self.room
        super().gotLength(length if fits else 0)
        if not fits:
            self.refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """Takes a piece of the body."""
        if self.room >= len(data):
            self.room -= len(data)
            super().handleContentChunk(data)
        elif self.room >= 0:
            self.refuse()

    def refuse(self) -> None:
        """Closes the connection; what still arrives is for nobody."""
        self.room = -1
        # Else Twisted says after it that the body may come.
        self.requestHeaders.removeHeader(b"expect")
        self.channel.transport.write(TOO_LARGE)
        self.channel.loseConnection()

    def process(self) -> Any:
        """Begins to serve it."""
        if self.room < 0:
            return None
        if self.server.draining and self.requestHeaders.hasHeader(b"upgrade"):
            return self.basic_error(503, b"Service Unavailable", "The server restarts.")
        self.requestHeaders.removeHeader(ROOT_PATH)
        return super().process()

    # ---- What leaves ----

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Sends a part of the response."""
        if message["type"] == "http.response.start" and not self.finished and self.channel:
            self.registerProducer(self.flow, True)
            if self.server.draining:
                # Whoever asks again is to ask another worker.
                self.channel.persistent = False
                self.setHeader(b"connection", b"close")
        if self.method == b"HEAD":
            # Twisted leaves out the first part of a body, and Daphne sends it the others.
            message = {**message, "body": b""}
        super().handle_reply(message)
        if message.get("more_body") and not (self.light or self.server.verbosity > 1):
            slim.lighten(self, slim.REQUEST_DONE)
            self.light = True

    def write_body(self, piece: bytes) -> None:
        """Sends a piece of a body that has begun, with nothing on the way to the connection."""
        if not self.finished and self.channel:
            self.write(piece)

    @property
    def full(self) -> bool:
        """Whether the reader is to be waited for before there is more."""
        return self.flow.paused

    async def drained(self) -> None:
        """Waits for the reader."""
        await self.flow.drained()

    def finish(self) -> None:
        """Ends the response. What is unsent of it waits without the application."""
        if self.producer:
            self.unregisterProducer()
        self.flow.stopProducing()
        super().finish()

    def give_up(self, run: asyncio.Future[None]) -> None:
        """Cuts the connection off, whereupon Django ends its part. Of a run that is cancelled it
        would leave a task behind, which goes on, and fails."""
        if self.channel:
            self.channel.forceAbortClient()
        else:
            run.cancel()

    @contained
    def handle_exception(self, exception: BaseException) -> None:
        """The application has failed. Half a response is cut off, so that nobody takes it for
        whole; stock Daphne begins a second one, which raises."""
        if not self._response_started:
            super().handle_exception(exception)
        elif self.channel:
            self.channel.forceAbortClient()

    @contained
    def check_timeouts(self) -> None:
        """Gives up a reader that takes nothing."""
        super().check_timeouts()
        if self.flow.is_stuck() and self.channel:
            connection_counters.stuck_closed += 1
            logger.warning("Closed a response to %s: nothing was read.", self.client_addr)
            self.channel.forceAbortClient()


class HTTPFactory(http_protocol.HTTPFactory):
    """Makes our connections and requests."""

    @staticmethod
    def protocol() -> Any:
        """A connection, of which it is not known yet which HTTP it speaks."""
        return http._GenericHTTPChannelProtocol(Channel())

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = idle_seconds()

    def buildProtocol(self, addr: Any) -> Any:
        """A connection."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol

    def log(self, request: Any) -> None:
        """Twisted's own line for a request, besides Daphne's. Unless that is asked for by -v 2, it
        goes nowhere, and needs all headers until the response has ended."""
        if self.server.verbosity > 1:
            super().log(request)


class Socket(slim.UsualSocket, ws_protocol.WebSocketProtocol):
    """A socket whose frames wait for their reader."""

    # The factory sets them on the class.
    CONFIG_ATTRS: list[str] = []

    def makeConnection(self, transport: Any) -> None:
        """Takes over the connection of the HTTP request that asked for it."""
        self.flow = Flow(transport)
        transport.unregisterProducer()
        transport.registerProducer(self.flow, True)
        super().makeConnection(transport)

    def onConnect(self, request: Any) -> Any:
        """Begins the handshake."""
        request.headers.pop(ROOT_PATH.decode(), None)
        return super().onConnect(request)

    def succeedHandshake(self, res: Any) -> None:
        """Ends the handshake."""
        super().succeedHandshake(res)
        if self.state == self.STATE_OPEN:
            self.request.headers.clear()
            slim.lighten(self, slim.HANDSHAKE_DONE)

    def onClose(self, *how: Any) -> None:
        """The connection is gone. Stock Daphne raises where the handshake failed before it heard
        of the socket."""
        if hasattr(self, "server"):
            super().onClose(*how)

    def onMessageFrameEnd(self) -> None:
        """Takes a piece of a message."""
        super().onMessageFrameEnd()
        if not self.failedByMe and len(self.message_data) > FRAGMENTS_MOST:
            self.dropConnection(abort=True)

    def write(self, text: str) -> bool:
        """Sends a text, unless the other side takes no more just now. In place of six calls of
        Daphne and autobahn, half the cost of a frame."""
        ready = self.state == self.STATE_OPEN and not self.flow.paused
        if ready:
            self.transport.write(frame(text))
        return ready

    async def reply(self, message: dict[str, Any]) -> None:
        """Sends what the application says, and keeps it waiting while nobody reads that."""
        text = message.get("text")
        if not text or not self.write(text):
            await self.server.handle_reply(self, message)
        elif self.flow.paused:
            await self.flow.drained()

    def onPing(self, payload: bytes) -> None:
        """Answers, unless nobody reads the answers: they would wait in memory without end."""
        if not self.flow.paused:
            super().onPing(payload)

    def serverClose(self, code: int | None = None) -> None:
        """Closes with any code. Autobahn lets an application say 1000 and 3000 to 4999 alone,
        and raises for 1012."""
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=code or 1000, isReply=False)

    def give_up(self, run: asyncio.Future[None]) -> None:
        """Ends the run of the application, which cleans up."""
        run.cancel()

    handle_exception = contained(ws_protocol.WebSocketProtocol.handle_exception)

    @contained
    def check_timeouts(self) -> None:
        """Gives up a reader that takes nothing."""
        super().check_timeouts()
        if self.flow.is_stuck():
            connection_counters.stuck_closed += 1
            logger.warning("Closed a socket to %s: nothing was read.", self.client_addr)
            self.transport.abortConnection()


class WebSocketFactory(ws_protocol.WebSocketFactory):
    """Makes our sockets."""

    protocol = Socket

    def setProtocolOptions(self, **options: Any) -> None:
        """Sets options of all sockets. Autobahn would copy each to every socket, and print all of
        them for a log that nobody keeps: 2 KB, and as much time as the rest of a handshake."""
        super().setProtocolOptions(**options)
        for name in ws_protocol.WebSocketProtocol.CONFIG_ATTRS:
            value = getattr(self, name)
            setattr(Socket, name, staticmethod(value) if callable(value) else value)
