"""Daphne's two protocols, with a flow that can be waited for."""

import logging
from typing import Any

from daphne import http_protocol, ws_protocol

from chat.figures import figures
from config.flow import Flow

logger = logging.getLogger(__name__)

# A client must not move the site to another root (django/daphne takes it from anybody).
ROOT_PATH = b"daphne-root-path"


class Request(http_protocol.WebRequest):
    """A request whose response waits for its reader."""

    def process(self) -> Any:
        """Begins to serve it."""
        self.flow = Flow()
        self.requestHeaders.removeHeader(ROOT_PATH)
        return super().process()

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Sends a part of the response."""
        if message["type"] == "http.response.start" and not self.finished and self.channel:
            self.registerProducer(self.flow, True)
            if self.server.draining:
                # Whoever asks again is to ask another worker.
                self.channel.persistent = False
                self.setHeader(b"connection", b"close")
        super().handle_reply(message)

    def finish(self) -> None:
        """Ends the response."""
        if self.producer:
            self.unregisterProducer()
        super().finish()

    def check_timeouts(self) -> None:
        """Gives up a reader that takes nothing."""
        super().check_timeouts()
        if self.flow.is_stuck and self.channel:
            figures.stuck += 1
            logger.warning("Closed a response to %s: nothing was read.", self.client_addr)
            self.channel.forceAbortClient()


class HTTPFactory(http_protocol.HTTPFactory):
    """Makes our requests."""

    def buildProtocol(self, addr: Any) -> Any:
        """A connection."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol


class Socket(ws_protocol.WebSocketProtocol):
    """A socket whose frames wait for their reader."""

    def makeConnection(self, transport: Any) -> None:
        """Takes over the connection of the HTTP request that asked for it."""
        self.flow = Flow()
        transport.unregisterProducer()
        transport.registerProducer(self.flow, True)
        super().makeConnection(transport)

    def onConnect(self, request: Any) -> Any:
        """Begins the handshake."""
        request.headers.pop(ROOT_PATH.decode(), None)
        return super().onConnect(request)

    def serverClose(self, code: int | None = None) -> None:
        """Closes with any code. Autobahn lets an application say 1000 and 3000 to 4999 alone,
        and raises for 1012."""
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=code or 1000, isReply=False)

    def check_timeouts(self) -> None:
        """Gives up a reader that takes nothing."""
        super().check_timeouts()
        if self.flow.is_stuck:
            figures.stuck += 1
            logger.warning("Closed a socket to %s: nothing was read.", self.client_addr)
            self.transport.abortConnection()


class WebSocketFactory(ws_protocol.WebSocketFactory):
    """Makes our sockets."""

    protocol = Socket
