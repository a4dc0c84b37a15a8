"""Hostile HTTP requests: slow, too large or malformed."""

import asyncio

import httpx

from tests.live.hostile import raw
from tests.live.hostile.conftest import REQUEST_SECONDS
from tests.live.hostile.raw import CLOSE, ask, connect, frame, memory

GROWTH = 16 * 1024 * 1024
HEAD = b"POST /login/ HTTP/1.1\r\nHost: localhost\r\n"

DRIPS = [
    (b"", b"G"),
    (HEAD, b"X-A: b\r\n"),
    (HEAD + b"X-A: ", b"b"),
    (HEAD + b"Content-Length: 100000\r\n\r\n", b"b"),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nb\r\n"),
]


async def drip(worker, start, piece):
    """Sends a request slowly and without an end; returns the answer."""
    slow = await connect(worker)
    slow.send(start)
    ended = asyncio.ensure_future(slow.rest())
    while not ended.done():  # `rest` waits for a minute at most
        slow.send(piece)
        await asyncio.sleep(0.2)
    return await ended


async def test_a_request_that_is_sent_too_slowly_is_closed(worker):
    answer = await asyncio.gather(*(drip(worker, *each) for each in DRIPS))
    assert answer == [b""] * len(DRIPS)


async def test_a_connection_without_a_request_is_closed(worker):
    silent, idle = await connect(worker), await connect(worker)
    idle.send(b"GET /api/texts HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await idle.until(b"\r\n\r\n")
    assert await silent.rest() == b""
    assert b"HTTP/1.1" not in await idle.rest()


async def test_a_slow_answer_is_not_cut_off(worker):
    """The time limit is for the request, not for the answer."""
    url = f"{worker.url}/api/rooms/lobby/entries"
    async with httpx.AsyncClient(timeout=60) as client:
        cursor = (await client.get(url, params={"before": 1})).json()
        assert cursor["events"] == []
        stream = f"{worker.url}/api/sse?interval={REQUEST_SECONDS * 500}"
        async with client.stream("GET", stream) as answer:
            received = b""
            async for piece in answer.aiter_raw():
                received += piece
                if received.count(b"\ndata: ") > 6:
                    break


# ---- Too much ----


async def test_large_heads_are_refused(worker):
    line = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
    for request in (
        line + b"X-A: " + b"b" * 20_000 + b"\r\n\r\n",
        line + b"X-A: b\r\n" * 600 + b"\r\n",
        line + b"".join(b"X-%d: %s\r\n" % (n, b"b" * 300) for n in range(100)) + b"\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"X-A: b" * 10_000,
    ):
        assert b"HTTP/1.1 200" not in await ask(worker, request)


async def test_a_large_body_is_refused_before_it_is_received(worker):
    before = memory(worker)
    answer = await ask(worker, HEAD + b"Content-Length: 9000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    expecting = await ask(worker, HEAD + b"Expect: 100-continue\r\nContent-Length: 9000000\r\n\r\n")
    assert expecting == answer  # and not 100 Continue
    chunked = await connect(worker)
    chunked.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    ended = asyncio.ensure_future(chunked.rest())
    sent = 0  # megabytes
    while not ended.done() and sent < 200:
        sent += 1
        chunked.send(b"100000\r\n" + bytes(0x100000) + b"\r\n")
        await chunked.drain()
        await asyncio.sleep(0.01)
    assert sent < 100  # the server closed the connection long before the end
    assert (await ended)[:13] in (b"HTTP/1.1 413 ", b"")  # a reset may overtake the answer
    assert memory(worker) - before < GROWTH


async def test_a_body_as_large_as_a_text_of_the_admin_is_accepted(worker):
    body = b"a" * 3_000_000
    answer = await ask(
        worker, HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    assert answer.startswith(b"HTTP/1.1 403 ")  # by Django, because a token is missing


# ---- Malformed requests ----

GET = b"GET /api/texts HTTP/1.1\r\nHost: localhost\r\n"
SMUGGLED = b"GET /login/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
MALFORMED = [
    b"\r\n\r\n\r\n",
    b"\0" * 100 + b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / \r\n\r\n",
    b"GET / HTTP/1.1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"G\xc3\x89T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /?\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /%ff%fe%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET / JUNK\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n",  # TLS
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"CONNECT e.example:443 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET http://e.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    GET + b"no colon\r\n\r\n",
    GET + b": no name\r\n\r\n",
    GET + b"X A: b\r\n\r\n",
    GET + b"X-A : b\r\n\r\n",
    GET + b"X-\xc3\x89: b\r\n\r\n",
    GET + b"X-A: b\0c\r\n\r\n",
    GET + b"X-A: b\x85c\r\nConnection: close\r\n\r\n",
    GET + b"Cookie: \xff\xfe=\xff; =; ;;\r\nConnection: close\r\n\r\n",
    GET + b"Host: twice\r\nConnection: close\r\n\r\n",
    GET + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    GET + b"Content-Length: -5\r\n\r\n" + SMUGGLED,
    GET + b"Content-Length: +5\r\n\r\n" + SMUGGLED,
    GET + b"Content-Length: 5, 5\r\n\r\n" + SMUGGLED,
    GET + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + SMUGGLED,
    GET + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    GET + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
    GET + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    GET + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    GET + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + SMUGGLED,
    GET + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + SMUGGLED,
    GET + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\nb\r\n0\r\n\r\n" + SMUGGLED,
    GET + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\n" + SMUGGLED,
    GET + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"e" * 20_000 + b"\r\nb\r\n" + SMUGGLED,
    GET + b"Transfer-Encoding: chunked\r\n\r\n1\r\nbbbb\r\n0\r\n\r\n" + SMUGGLED,
    GET + b"Upgrade: websocket\r\n\r\n",
    GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 99\r\n\r\n",
    GET + b"Upgrade: \r\nConnection: close\r\n\r\n",
    GET + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: \r\n\r\n",
    raw.HANDSHAKE.format(path="/ws/chat/", headers="X-A: \xe9\r\n").encode("latin1")
    + frame(CLOSE, b"\x03\xe8"),
    raw.HANDSHAKE.format(path="/ws/%ff/", headers="").encode() + frame(CLOSE, b"\x03\xe8"),
    raw.HANDSHAKE.replace("dGhlIHNhbXBsZSBub25jZQ==", "short")
    .format(path="/", headers="")
    .encode(),
    raw.HANDSHAKE.replace("twinstream.v1", ",,a b,\x01").format(path="/", headers="").encode(),
    raw.HANDSHAKE.replace("GET", "POST").format(path="/ws/chat/", headers="").encode(),
]


async def test_a_malformed_request_gets_at_most_one_answer(worker):
    answers = await asyncio.gather(*(ask(worker, request) for request in MALFORMED))
    for request, answer in zip(MALFORMED, answers, strict=True):
        said = answer.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
        assert said.count(b"HTTP/1.1 ") <= 1, (request[:200], answer[:500])
        assert b"HTTP/1.1 5" not in said, (request[:200], answer[:500])
        assert b"csrfmiddlewaretoken" not in said, request[:200]  # the page of the smuggled request


async def test_a_client_cannot_change_the_root_path(worker, open_text_socket):
    for name in ("Daphne-Root-Path", "daphne-root-path", "DAPHNE-ROOT-PATH", "daphne_root_path"):
        head = f"GET /admin/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{name}: /evil\r\n"
        for more in ("", f"{name}: /twice\r\n"):
            answer = await ask(worker, (head + more + "\r\n").encode())
            assert b"\r\nLocation: /admin/login/" in answer
        line = await open_text_socket(
            worker, "/evil/ws/chat/lobby/", additional_headers={name: "/evil"}
        )
        assert await line.closed() == 4404
