"""Responses and latencies by route."""

import asyncio
from urllib.parse import quote

import pytest

from chat.worker import current
from config.worker import http_figures

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def counted():
    """The HTTP counters of a worker that has just been built."""
    return current().counters.http


async def test_a_response_is_counted_by_its_pattern_and_status(async_client, counted, lobby):
    assert (await async_client.get("/chat/lobby/?name=Ann")).status_code == 200
    assert (await async_client.get("/chat/missing/")).status_code == 404
    assert counted.responses == {("chat/<slug:slug>/", 200): 1, ("chat/<slug:slug>/", 404): 1}
    assert sum(counted.seconds["chat/<slug:slug>/"].counts) == 2


async def test_all_unknown_paths_are_one_route(async_client, counted):
    for path in ("/wp-login.php", "/" + quote("文字"), "/chat/a/b/c/", "/static/missing.css"):
        assert (await async_client.get(path)).status_code == 404
    assert counted.responses == {("unmatched", 404): 4}


async def test_static_files_are_one_route_without_latency(async_client, counted):
    response = await async_client.get("/static/favicon.svg")
    response.close()
    assert counted.responses == {("static", 200): 1}
    assert counted.seconds == {}


async def test_a_refused_host_is_counted(async_client, counted):
    assert (await async_client.get("/", headers={"Host": "evil.example"})).status_code == 400
    assert list(counted.responses) == [("unmatched", 400)]


async def test_an_error_of_the_code_is_counted(async_client, counted, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    async_client.raise_request_exception = False
    monkeypatch.setattr(
        "django.contrib.sessions.middleware.SessionMiddleware.process_request", fail
    )
    assert (await async_client.get("/")).status_code == 500
    assert counted.responses == {("unmatched", 500): 1}


async def test_a_stream_is_counted_without_latency(async_client, counted, text):
    await async_client.get("/api/sse")
    assert counted.responses == {("api/sse", 200): 1}
    assert counted.seconds == {}


async def test_a_poll_has_a_latency_and_a_long_poll_has_none(async_client, counted, lobby):
    url, route = "/api/rooms/lobby/entries", "api/rooms/<slug:slug>/entries"
    cursor = (await async_client.get(url)).json()["cursor"]
    assert sum(counted.seconds[route].counts) == 1
    await async_client.get(f"{url}?cursor={cursor}&wait=1")
    assert counted.responses == {(route, 200): 2}
    assert sum(counted.seconds[route].counts) == 1


async def test_a_client_that_disconnects_is_counted(counted, rf):
    async def wait(request):
        await asyncio.Event().wait()

    request = rf.get("/chat/")
    request.resolver_match = None
    task = asyncio.ensure_future(http_figures.count_requests(wait)(request))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert counted.responses == {("unmatched", 499): 1}
