"""The continuation of a request runs when the application has returned."""

import gc
import weakref

from realtime.detach import DetachMiddleware, detach


class WeakDict(dict):
    """A dict that weak references can refer to."""


async def receive():
    return {"type": "http.request"}


async def request(application, scope=None):
    """The messages that an application sends."""
    sent = []

    async def send(message):
        sent.append(message)

    await DetachMiddleware(application)(scope or {"type": "http"}, receive, send)
    return sent


async def test_a_response_without_a_continuation_is_sent_unchanged():
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"all"})

    assert [message["type"][14:] for message in await request(application)] == ["start", "body"]


async def test_a_continuation_sends_the_body_in_place_of_the_application():
    async def continuation(receive, send):
        await send({"type": "http.response.body", "body": (await receive())["type"]})

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        assert detach(scope, continuation)
        await send({"type": "http.response.body", "body": b""})

    sent = await request(application)
    assert [message.get("body") for message in sent] == [None, "http.request"]


async def test_a_continuation_keeps_nothing_of_the_request_in_memory():
    scope = WeakDict(type="http", headers=WeakDict())
    scope["headers"]["itself"] = scope["headers"]  # a cycle, as in Django's requests
    references = [weakref.ref(scope), weakref.ref(scope["headers"])]

    async def continuation(receive, send):
        gc.collect()
        await send([reference() for reference in references])

    async def application(scope, receive, send):
        request = {"scope": scope}
        assert detach(request["scope"], continuation)

    middleware = DetachMiddleware(application)
    sent = []

    async def send(message):
        sent.append(message)

    run = middleware(scope, receive, send)
    del scope
    await run
    assert sent == [[None, None]]


def test_without_the_middleware_nothing_is_detached():
    assert not detach({"type": "websocket"}, None)
