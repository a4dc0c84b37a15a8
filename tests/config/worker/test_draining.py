"""Who is turned away while a worker leaves, and how they are told."""

import json

import pytest

from chat.worker import current
from config.worker.draining import Turnstile


async def site(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the site"})


async def ask(method, path, *headers):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    await Turnstile(site)(scope, None, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.fixture
async def draining():
    current().streams.draining = True


async def test_nobody_is_turned_away_before():
    assert await ask("GET", "/chat/") == (200, {}, b"the site")


async def test_a_page_is_told_when_to_ask_again(draining):
    status, headers, body = await ask("GET", "/chat/")
    assert (status, headers[b"retry-after"]) == (503, b"1")
    assert body == b"The server restarts.\n"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_command_is_told_as_commands_are(draining, method):
    status, _, body = await ask(method, "/api/rooms/lobby/entries")
    error = json.loads(body)
    assert (status, error["code"], error["retry_after_ms"]) == (503, "internal", 1_000)


async def test_an_event_stream_that_was_told_an_error_would_never_come_again(draining):
    status, headers, body = await ask("GET", "/api/sse", (b"accept", b"text/event-stream"))
    assert (status, headers[b"content-type"]) == (200, b"text/event-stream")
    assert body.startswith(b"retry: ")


async def test_a_form_is_taken_since_it_may_not_be_sent_twice(draining):
    assert (await ask("POST", "/login/"))[0] == 200
