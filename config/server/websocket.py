"""Daphne's WebSocket protocol with backpressure, and a limit on the fragments of a message."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from daphne import ws_protocol

from config.server import slim
from config.server.access_log import client_name
from config.server.backpressure import WriteGate
from config.server.framing import text_frame
from config.server.http import ROOT_PATH_HEADER
from config.server.sweep import contain_errors
from realtime.counters import connection_counters
from realtime.requests.request_id import current_id

logger = logging.getLogger(__name__)

# Fragments (frames) of one message. Autobahn limits their bytes alone; an empty one costs memory.
MAX_FRAGMENTS = 1_000
# Pieces of the frame that is being received, as TCP delivered them. More are joined: pieces of a
# few bytes would cost ten times their size in memory.
MAX_PIECES = 1_000


class WebSocketProtocol(slim.SharedDefaults, ws_protocol.WebSocketProtocol):
    """One WebSocket connection."""

    # Autobahn copies these options to every instance; our factory sets them on the class.
    CONFIG_ATTRS: list[str] = []
    frame_data: list[bytes]
    request_id = ""

    def __repr__(self) -> str:
        """For log lines. Daphne's contains the address of the client."""
        return f"<{type(self).__name__} of {client_name(self)}>"

    # ---- Handshake ----

    def makeConnection(self, transport: Any) -> None:
        """Takes over the transport of the HTTP request that asked for the upgrade."""
        self.write_gate = WriteGate(transport)
        transport.unregisterProducer()
        transport.registerProducer(self.write_gate, True)
        super().makeConnection(transport)

    def onConnect(self, request: Any) -> Any:
        """Starts the application. Returns a Deferred of the subprotocol."""
        request.headers.pop(ROOT_PATH_HEADER.decode(), None)
        return super().onConnect(request)

    def applicationCreateWorked(self, application_queue: Any) -> None:
        """Sends `websocket.connect` to the application, and writes a line of the access log."""
        self._in_request(super().applicationCreateWorked, application_queue)

    def succeedHandshake(self, res: Any) -> None:
        """Opens the connection and frees what only the handshake needed."""
        super().succeedHandshake(res)
        if self.state == self.STATE_OPEN:
            self.request.headers.clear()
            slim.strip(self, slim.UNUSED_AFTER_HANDSHAKE)

    # ---- Receiving ----

    def onMessageFrameData(self, payload: bytes) -> None:
        """Receives a piece of a frame: as many bytes of it as TCP delivered at once."""
        super().onMessageFrameData(payload)
        if len(self.frame_data) > MAX_PIECES:
            self._join_pieces()

    def onMessageFrameEnd(self) -> None:
        """Completes a frame, which is one fragment of a message. Aborts the connection if the
        message has more than MAX_FRAGMENTS."""
        if len(self.frame_data) > 1:
            self._join_pieces()
        super().onMessageFrameEnd()
        if not self.failedByMe and len(self.message_data) > MAX_FRAGMENTS:
            self.dropConnection(abort=True)

    def _join_pieces(self) -> None:
        self.frame_data = [b"".join(self.frame_data)]

    def onPing(self, payload: bytes) -> None:
        """Answers with a pong, unless the client does not read: pongs would fill the memory."""
        if not self.write_gate.paused:
            super().onPing(payload)

    # ---- Sending ----

    def send_now(self, text: str) -> bool:
        """Sends a text message if the connection is open and its write buffer is not full. Returns
        whether it did. Does the work of six calls of Daphne and autobahn, which took half of the
        time of a message."""
        writable = self.state == self.STATE_OPEN and not self.write_gate.paused
        if writable:
            self.transport.write(text_frame(text))
        return writable

    async def send(self, message: dict[str, Any]) -> None:
        """The ASGI `send` of this connection. Waits while the write buffer is full."""
        text = message.get("text")
        if not text or not self.send_now(text):
            await self.server.handle_reply(self, message)
        elif self.write_gate.paused:
            await self.write_gate.drained()

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Acts on an ASGI message. Stock Daphne does not send an empty message."""
        super().handle_reply(message)
        text, data = message.get("text"), message.get("bytes")
        if message["type"] == "websocket.send" and not text and not data:
            if text is not None:
                self.serverSend("", False)
            elif data is not None:
                self.serverSend(b"", True)

    # ---- Closing ----

    def serverClose(self, code: int | None = None) -> None:
        """Closes with any code. Autobahn allows an application only 1000 and 3000 to 4999, and
        raises for 1012."""
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=code or 1000, isReply=False)

    def onClose(self, *how: Any) -> None:
        """Tells the application. Stock Daphne raises if the handshake failed before `onConnect`."""
        if hasattr(self, "server"):
            self._in_request(super().onClose, *how)

    def _in_request(self, method: Callable[..., None], *arguments: Any) -> None:
        """Calls a method that writes log lines. They have the id of this socket's request."""
        token = current_id.set(self.request_id)
        try:
            method(*arguments)
        finally:
            current_id.reset(token)

    def abort(self, run: asyncio.Future[None]) -> None:
        """Cancels the application's task `run`, which then closes the connection."""
        run.cancel()

    handle_exception = contain_errors(ws_protocol.WebSocketProtocol.handle_exception)

    @contain_errors
    def check_timeouts(self) -> None:
        """Aborts the connection of a client that has stopped reading."""
        super().check_timeouts()
        if self.write_gate.is_stuck():
            connection_counters.stuck_closed += 1
            logger.warning("Closed a socket to %s: nothing was read.", client_name(self))
            self.transport.abortConnection()


class WebSocketFactory(ws_protocol.WebSocketFactory):
    """Makes WebSocketProtocols."""

    protocol = WebSocketProtocol

    def setProtocolOptions(self, **options: Any) -> None:
        """Sets the options of all connections on their class. Autobahn would copy each to every
        connection and format all of them for a debug log: 2 KB, and as much time as the rest of a
        handshake."""
        super().setProtocolOptions(**options)
        for name in ws_protocol.WebSocketProtocol.CONFIG_ATTRS:
            value = getattr(self, name)
            setattr(self.protocol, name, staticmethod(value) if callable(value) else value)
