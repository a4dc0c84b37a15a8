"""The answers of a worker while it drains."""

import json

import pytest

from chat.worker import current
from config.worker.draining import DrainMiddleware


async def site(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the site"})


async def request(method, path, *headers):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    await DrainMiddleware(site)(scope, None, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.fixture
async def draining():
    current().streams.draining = True


async def test_before_draining_every_request_is_served():
    assert await request("GET", "/chat/") == (200, {}, b"the site")


async def test_a_page_gets_503_with_retry_after(draining):
    status, headers, body = await request("GET", "/chat/")
    assert (status, headers[b"retry-after"]) == (503, b"1")
    assert body == b"The server restarts.\n"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_command_gets_503_with_an_error_object(draining, method):
    status, _, body = await request(method, "/api/rooms/lobby/entries")
    error = json.loads(body)
    assert (status, error["code"], error["retry_after_ms"]) == (503, "internal", 1_000)


async def test_an_event_stream_gets_200_with_retry(draining):
    status, headers, body = await request("GET", "/api/sse", (b"accept", b"text/event-stream"))
    assert (status, headers[b"content-type"]) == (200, b"text/event-stream")
    assert body.startswith(b"retry: ")


async def test_a_posted_form_is_served_because_it_cannot_be_repeated(draining):
    assert (await request("POST", "/login/"))[0] == 200
