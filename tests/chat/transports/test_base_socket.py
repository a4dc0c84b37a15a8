"""The consumer runs under Channels' `WebsocketCommunicator`, which knows nothing of the extensions
of `config.server`. tests/live/test_stock_daphne.py runs it under stock Daphne."""

import asyncio

import pytest
from channels.testing import WebsocketCommunicator

from chat.identity.sessions import with_sessions
from chat.transports.base_socket import BaseSocket
from chat.worker import current
from realtime.detach import DetachMiddleware
from realtime.errors import CloseCode, Refused

pytestmark = pytest.mark.django_db(transaction=True)


class EchoSocket(BaseSocket):
    """Sends every frame back, and records the hooks of Channels that are called."""

    transport = "echo"
    disconnects: list[int]

    async def handle_frame(self, text):
        if text == "close":
            await self.close(CloseCode.NOT_FOUND, "because")
        elif text == "send":
            await self.send(text_data="by send()")
        else:
            await self.send_text(text)

    async def send_error(self, refused, cid=None, room=None):
        await self.send_text(refused.message)

    async def disconnect(self, code):
        self.disconnects.append(code)


@pytest.fixture
def disconnects():
    EchoSocket.disconnects = []
    return EchoSocket.disconnects


def communicator(application=None):
    application = application or with_sessions(EchoSocket.as_asgi())
    return WebsocketCommunicator(application, "/", [(b"host", b"testserver")])


async def test_a_consumer_answers_frames_and_is_told_of_the_disconnect(disconnects):
    socket = communicator()
    assert await socket.connect(timeout=5) == (True, None)
    await socket.send_to(text_data="hello")
    assert await socket.receive_from(timeout=5) == "hello"
    assert current().sockets.by_transport() == {"echo": 1}
    await socket.disconnect(code=1001, timeout=5)
    assert disconnects == [1001]
    assert current().sockets.by_transport() == {}


async def test_send_and_close_of_channels_work(disconnects):
    socket = communicator()
    await socket.connect(timeout=5)
    await socket.send_to(text_data="send")
    assert await socket.receive_from(timeout=5) == "by send()"
    await socket.send_to(text_data="close")
    closed = await socket.receive_output(timeout=5)
    assert closed == {"type": "websocket.close", "code": CloseCode.NOT_FOUND, "reason": "because"}
    await socket.send_to(text_data="ignored after the close")
    await socket.disconnect(timeout=5)


async def test_a_consumer_runs_after_the_middleware_stack_has_returned(disconnects):
    returned = asyncio.Event()
    application = with_sessions(EchoSocket.as_asgi())

    async def middleware(scope, receive, send):
        await application(scope, receive, send)
        returned.set()

    socket = communicator(DetachMiddleware(middleware))
    await socket.connect(timeout=5)
    assert returned.is_set()
    await socket.send_to(text_data="hello")
    assert await socket.receive_from(timeout=5) == "hello"
    await socket.disconnect(timeout=5)


async def test_a_refused_client_is_accepted_first_and_told_why(disconnects, monkeypatch):
    async def refuse(self):
        raise Refused("not_found", "There is no such room.")

    monkeypatch.setattr(EchoSocket, "prepare", refuse)
    socket = communicator()
    assert await socket.connect(timeout=5) == (True, None)
    assert await socket.receive_from(timeout=5) == "There is no such room."
    assert (await socket.receive_output(timeout=5))["code"] == CloseCode.NOT_FOUND
    await socket.disconnect(timeout=5)


async def test_a_task_of_a_socket_runs_in_the_context_of_the_socket_and_ends_with_it(disconnects):
    socket = communicator()
    await socket.connect(timeout=5)
    (consumer,) = current().sockets.open
    task = consumer.start_task(asyncio.sleep(1000))
    await socket.disconnect(timeout=5)
    assert task.cancelled()


async def test_an_error_in_a_task_is_logged_without_the_text_of_a_message(disconnects, caplog):
    async def fail():
        raise RuntimeError

    socket = communicator()
    await socket.connect(timeout=5)
    (consumer,) = current().sockets.open
    await asyncio.wait([consumer.start_task(fail())])
    await asyncio.sleep(0)
    assert "WebSocket task failed" in caplog.text
    await socket.disconnect(timeout=5)
