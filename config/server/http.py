"""Daphne's HTTP protocol with backpressure, a limit on the size of a request, and a limit on the
time that it takes to arrive."""

import asyncio
import json
import logging
from contextlib import suppress
from io import BytesIO
from typing import Any

from daphne import http_protocol
from django.conf import settings
from twisted.web import http

from config.server import proxies, slim
from config.server.access_log import client_name
from config.server.backpressure import WriteGate
from config.server.sweep import contain_errors
from realtime.counters import connection_counters
from realtime.errors import Refused
from realtime.requests.request_id import HEADER as REQUEST_ID

logger = logging.getLogger(__name__)

# Stock Daphne lets any client set the root path of the site by this header.
ROOT_PATH_HEADER = b"daphne-root-path"
NOT_STORED_RETRY_MS = 10_000  # a full disk is not repaired sooner
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def idle_seconds() -> float:
    """Seconds for which a connection may be idle between two requests. The default of 75 is longer
    than the 60 for which nginx reuses a connection, so that nginx never sends a request on a
    connection that the server is about to close."""
    return 2.5 * settings.REQUEST_SECONDS


class HTTPChannel(http.HTTPChannel):
    """A connection whose requests must arrive completely within REQUEST_SECONDS. Twisted restarts
    its timeout with each byte, so that a slow client could hold a connection for ever."""

    receiving = False

    def resetTimeout(self) -> None:
        """Starts the timeout with the first byte of a request; later bytes do not restart it."""
        if not self.receiving:
            self.receiving = True
            if self.timeOut:  # Twisted sets it to None while a response is under way.
                self.setTimeout(settings.REQUEST_SECONDS)

    def allContentReceived(self) -> None:
        """Starts the idle timeout: the request is complete."""
        self.receiving = False
        self.setTimeout(idle_seconds())
        super().allContentReceived()


class Request(http_protocol.WebRequest):
    """A request of limited size, whose response waits for its client."""

    slimmed = False
    content: Any  # Twisted's: the body, in memory or in a file
    body_lost = False  # it could not be stored
    request_id = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        # Bytes of the body that may still arrive; negative once the request was refused.
        self.bytes_allowed = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        super().__init__(*args, **options)
        self.write_gate = WriteGate(self.channel.transport)

    def __repr__(self) -> str:
        """For log lines. Twisted's contains the query."""
        return f"<{type(self).__name__} of {client_name(self)}>"

    # ---- Receiving. Stock Daphne stores a body of any size, in memory and in a file, before the
    # application sees its first byte. ----

    def gotLength(self, length: int | None) -> None:
        """Refuses a request whose Content-Length is too large. `length` is None if unknown."""
        fits = (length or 0) <= self.bytes_allowed
        try:
            super().gotLength(length if fits else 0)
        except OSError as error:  # Twisted creates a file for a body of 100 KB or more
            self.lose_body(error)
        if not fits:
            self.refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """Receives a chunk of the body."""
        if self.bytes_allowed >= len(data):
            self.bytes_allowed -= len(data)
            self.store(data)
        elif self.bytes_allowed >= 0:
            self.refuse()

    def store(self, data: bytes) -> None:
        """Stores a chunk of the body, if the disk is not full."""
        if self.body_lost:
            return
        try:
            super().handleContentChunk(data)
            self.content.flush()
        except OSError as error:
            self.lose_body(error)

    def lose_body(self, error: OSError) -> None:
        """Drops the body. `process` answers when the client has sent all of it: a client that is
        still sending might not read an answer."""
        logger.error("The body of a request was not stored: %s", error.strerror)
        self.body_lost = True
        if self.content:
            with suppress(OSError):
                self.content.close()
        self.content = BytesIO()

    def refuse(self) -> None:
        """Answers 413 and closes the connection. What still arrives is dropped."""
        self.bytes_allowed = -1
        # Otherwise Twisted answers "100 Continue" after the 413.
        self.requestHeaders.removeHeader(b"expect")
        self.channel.transport.write(TOO_LARGE)
        self.channel.loseConnection()

    def process(self) -> Any:
        """Starts the application for this request."""
        if self.bytes_allowed < 0:
            return None
        if self.body_lost:
            return self.answer_not_stored()
        if self.server.draining and self.requestHeaders.hasHeader(b"upgrade"):
            return self.basic_error(503, b"Service Unavailable", "The server restarts.")
        self.requestHeaders.removeHeader(ROOT_PATH_HEADER)
        proxies.remove_untrusted_headers(self)
        return super().process()

    def answer_not_stored(self) -> None:
        """Answers 503 in the form of docs/protocol.md, "Errors"."""
        refused = Refused("internal", "The request could not be stored.", NOT_STORED_RETRY_MS)
        headers = [
            (b"content-type", b"application/json"),
            (b"retry-after", str(NOT_STORED_RETRY_MS // 1000).encode()),
            (b"cache-control", b"no-store"),
        ]
        start = {"type": "http.response.start", "status": refused.error.status, "headers": headers}
        self.handle_reply(start)
        body = json.dumps(refused.body(), separators=(",", ":")).encode()
        self.handle_reply({"type": "http.response.body", "body": body})

    # ---- Sending ----

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Sends an ASGI message of the application: the head or a chunk of the response."""
        if message["type"] == "http.response.start" and not self.finished and self.channel:
            self.registerProducer(self.write_gate, True)
            if self.request_id:
                self.setHeader(REQUEST_ID, self.request_id.encode())
            if self.server.draining:
                # The client's next request then reaches another worker.
                self.channel.persistent = False
                self.setHeader(b"connection", b"close")
        if self.method == b"HEAD":
            # Twisted omits the first chunk of the body, and Daphne would send the others.
            message = {**message, "body": b""}
        super().handle_reply(message)
        if message.get("more_body") and not (self.slimmed or self.server.verbosity > 1):
            slim.strip(self, slim.UNUSED_AFTER_HEAD)
            self.slimmed = True

    def write_body(self, chunk: bytes) -> None:
        """Writes a chunk of a response that has begun (see `realtime.extensions.BodyWriter`)."""
        if not self.finished and self.channel:
            self.write(chunk)

    @property
    def full(self) -> bool:
        """Whether the write buffer is full."""
        return self.write_gate.paused

    async def drained(self) -> None:
        """Waits until the write buffer is empty, if it is full."""
        await self.write_gate.drained()

    def finish(self) -> None:
        """Ends the response. The rest of the write buffer is sent without the application."""
        if self.producer:
            self.unregisterProducer()
        self.write_gate.stopProducing()
        super().finish()

    def abort(self, run: asyncio.Future[None]) -> None:
        """Aborts the connection, after which Django ends the application's task `run` itself.
        Cancelled, Django would leave a task of its own behind, which then fails."""
        if self.channel:
            self.channel.forceAbortClient()
        else:
            run.cancel()

    @contain_errors
    def handle_exception(self, exception: BaseException) -> None:
        """Aborts a response that has begun, so that the client knows it is incomplete. Stock
        Daphne starts a second response, which raises."""
        if not self._response_started:
            super().handle_exception(exception)
        elif self.channel:
            self.channel.forceAbortClient()

    @contain_errors
    def check_timeouts(self) -> None:
        """Aborts the connection of a client that has stopped reading."""
        super().check_timeouts()
        if self.write_gate.is_stuck() and self.channel:
            connection_counters.stuck_closed += 1
            logger.warning("Closed a response to %s: nothing was read.", client_name(self))
            self.channel.forceAbortClient()


class HTTPFactory(http_protocol.HTTPFactory):
    """Makes HTTPChannels and Requests."""

    @staticmethod
    def protocol() -> Any:
        """A protocol that finds out which version of HTTP its client speaks."""
        return http._GenericHTTPChannelProtocol(HTTPChannel())

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = idle_seconds()

    def buildProtocol(self, addr: Any) -> Any:
        """The protocol of a new connection."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol

    def log(self, request: Any) -> None:
        """Writes Twisted's access log line, but only with -v 2: it needs all headers until the
        response has ended, and Daphne writes a line of its own."""
        if self.server.verbosity > 1:
            super().log(request)
