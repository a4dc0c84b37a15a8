"""What goes on when all that led to it has returned."""

import gc
import weakref

from realtime import detach
from realtime.detach import Handover


class Watched(dict):
    """A scope that can be watched going."""


async def receive():
    return {"type": "http.request"}


async def ask(application, scope=None):
    sent = []

    async def send(message):
        sent.append(message)

    await Handover(application)(scope or {"type": "http"}, receive, send)
    return sent


async def test_what_hands_nothing_over_is_served_as_ever():
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"all"})

    assert [message["type"][14:] for message in await ask(application)] == ["start", "body"]


async def test_what_is_handed_over_goes_on_where_the_body_was_not_ended():
    async def rest(receive, send):
        await send({"type": "http.response.body", "body": (await receive())["type"]})

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        assert detach.accepts(scope, rest)
        await send({"type": "http.response.body", "body": b""})

    sent = await ask(application)
    assert [message.get("body") for message in sent] == [None, "http.request"]


async def test_by_then_nothing_is_kept_of_what_led_to_it():
    scope = Watched(type="http", headers=Watched())
    scope["headers"]["itself"] = scope["headers"]  # in a cycle, as Django's requests are
    kept = [weakref.ref(scope), weakref.ref(scope["headers"])]

    async def rest(receive, send):
        gc.collect()
        await send([each() for each in kept])

    async def application(scope, receive, send):
        request = {"scope": scope}
        assert detach.accepts(request["scope"], rest)

    handing = Handover(application)
    sent = []

    async def send(message):
        sent.append(message)

    run = handing(scope, receive, send)
    del scope
    await run
    assert sent == [[None, None]]


def test_nothing_is_handed_over_where_nobody_takes_it():
    assert not detach.accepts({"type": "websocket"}, None)
