"""An ASGI application for tests of the server: it fails, sends parts, or never ends."""

import asyncio
import json

HTML = [(b"content-type", b"text/html")]
START = {"type": "http.response.start", "status": 200, "headers": HTML}


class Failure(Exception):
    """The exception that the application raises."""


async def application(scope, receive, send):
    if scope["type"] == "websocket":
        raise Failure("at a socket")
    if scope["type"] == "http":
        await PATHS.get(scope["path"], whole_answer)(send)


async def whole_answer(send):
    await send(START)
    await send({"type": "http.response.body", "body": b"a whole answer"})


async def three_parts(send):
    await send(START)
    for number in range(3):
        await send({"type": "http.response.body", "body": b"a part\n", "more_body": number < 2})


async def fail_at_once(send):
    raise Failure("at once")


async def fail_between(send):
    await send(START)
    raise Failure("between")


async def fail_midway(send):
    await send(START)
    await send({"type": "http.response.body", "body": b"half an answer", "more_body": True})
    raise Failure("midway")


async def never_end(send):
    """Does not end when its client has left."""
    await send(START)
    await send({"type": "http.response.body", "body": b"stays", "more_body": True})
    await asyncio.Event().wait()


async def server_facts(send):
    """Sends the module of the event loop, and two time limits of a handshake in seconds."""
    server = send.func.__self__
    loop = type(asyncio.get_running_loop()).__module__
    seconds = [server.ws_factory.openHandshakeTimeout, server.websocket_connect_timeout]
    await send(START)
    await send({"type": "http.response.body", "body": json.dumps([loop, *seconds]).encode()})


PATHS = {
    "/parts": three_parts,
    "/at-once": fail_at_once,
    "/between": fail_between,
    "/midway": fail_midway,
    "/stay": never_end,
    "/tell": server_facts,
}
