import json

import pytest
from django.db import OperationalError
from django.test import AsyncClient

from realtime.worker import current
from streaming.models import StreamText
from streaming.texts import playback
from tests.clients.sse import Parser
from tests.streaming.cursors import cursor_of

pytestmark = pytest.mark.django_db(transaction=True)


async def get(query="", **headers):
    return await AsyncClient().get(f"/api/sse{query}", headers=headers)


async def read(response):
    return Parser().feed(b"".join([chunk async for chunk in response.streaming_content]))


async def cursor(text, offset=0):
    """The cursor of a reader that has received `offset` characters of the only revision."""
    return cursor_of(await text.revisions.select_related("text").aget(), offset)


async def test_a_whole_stream_byte_for_byte(text):
    response = await get()
    chunks = [chunk async for chunk in response.streaming_content]
    revision, _, mark = (await cursor(text)).split(":")

    assert response.status_code == 200
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-cache, no-transform"
    assert response["X-Accel-Buffering"] == "no"
    retry, _, rest = b"".join(chunks).partition(b"\n\n")
    assert 1000 <= int(retry.removeprefix(b"retry: ")) <= 3000
    assert rest.decode() == (
        f"id: {revision}:0:{mark}\nevent: meta\n"
        f'data: {{"text":"first","revision":{revision},"total":4,"interval_ms":1,"offset":0,'
        '"restarted":false}\n\n'
        f"id: {revision}:1:{mark}\ndata:  \n\n"
        f"id: {revision}:2:{mark}\ndata: 你\n\n"
        f"id: {revision}:3:{mark}\ndata: 👨‍👩‍👧‍👦\n\n"
        f"id: {revision}:4:{mark}\ndata: \ndata: \n\n"
        f'id: {revision}:4:{mark}\nevent: done\ndata: {{"total":4}}\n\n'
    )


async def test_the_opening_is_sent_at_once(text):
    response = await get("?interval=10000")
    first = await anext(response.streaming_content.__aiter__())
    assert [name for _, name, _ in Parser().feed(first).events] == ["meta"]


@pytest.mark.parametrize("where", ["header", "query"])
async def test_a_stream_resumes_after_its_cursor(text, where):
    third, end = await cursor(text, 3), await cursor(text, 4)
    response = (
        await get(last_event_id=third) if where == "header" else await get(f"?cursor={third}")
    )
    events = (await read(response)).events
    assert json.loads(events[0][2])["offset"] == 3
    assert events[1:] == [
        (end, "message", "\n"),
        (end, "done", '{"total":4}'),
    ]


async def test_the_header_takes_precedence_over_the_query(text):
    first, third = await cursor(text, 1), await cursor(text, 3)
    events = (await read(await get(f"?cursor={first}", last_event_id=third))).events
    assert json.loads(events[0][2])["offset"] == 3


async def test_a_reconnect_after_done_is_answered_with_204(text):
    response = await get(last_event_id=await cursor(text, 4))
    assert response.status_code == 204
    assert response.content == b""


@pytest.mark.parametrize("cursor", ["nonsense", "9:9:9:9", "-1:2", "999999:1:AAAAAAAAAAA"])
async def test_a_cursor_that_cannot_be_used_restarts_the_text(text, cursor):
    events = (await read(await get(last_event_id=cursor))).events
    assert json.loads(events[0][2])["restarted"] is True
    assert [data for _, _, data in events[1:-1]] == [" ", "你", "👨‍👩‍👧‍👦", "\n"]


async def test_events_have_the_event_name_of_the_text(text):
    await StreamText.objects.aupdate(event_name="token")
    names = [name for _, name, _ in (await read(await get())).events]
    assert names == ["meta", "token", "token", "token", "token", "done"]


@pytest.mark.parametrize("interval", ["0", "10001", "-1", "1.5", "x", "٣", "9" * 5000, "1e3"])
async def test_an_interval_out_of_range_is_a_bad_request(text, interval):
    response = await get(f"?interval={interval}")
    assert response.status_code == 400
    assert response.json()["code"] == "bad_request"
    assert "1 to 10000" in response.json()["message"]


@pytest.mark.parametrize("slug", ["nowhere", "%00", "a%20b", "x" * 999, "%F0%9F%98%80"])
async def test_an_unknown_text_is_not_found(text, slug):
    response = await get(f"?text={slug}")
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


@pytest.mark.parametrize("method", ["post", "put", "delete", "head"])
async def test_other_methods_are_not_allowed(text, method):
    strict = AsyncClient(enforce_csrf_checks=True)
    for path in ("/api/sse", "/api/texts"):
        assert (await getattr(strict, method)(path)).status_code == 405


async def test_while_the_database_fails_readers_get_a_retry(monkeypatch):
    async def fail(*args):
        raise OperationalError

    monkeypatch.setattr(playback, "find", fail)
    response = await get()
    assert response.status_code == 200
    assert (await read(response)).retry >= 10_000


async def test_a_full_worker_answers_with_a_retry(text, settings):
    settings.STREAMS_PER_WORKER = 1
    reading = aiter(await get("?interval=10000"))
    await anext(reading)

    refused = await get()
    parser = await read(refused)
    assert refused.status_code == 200
    assert 10_000 <= parser.retry <= 30_000
    assert parser.events == []

    await reading.aclose()
    assert len((await read(await get())).events) == 6


async def test_a_stream_that_has_ended_is_not_counted(text):
    await read(await get())
    assert current().streams.count == 0


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://friend.example", True),
        ("https://foe.example", False),
        ("http://localhost:5555", False),
    ],
)
async def test_only_listed_origins_may_read_a_stream(text, origin, allowed):
    response = await get(origin=origin)
    assert response.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert "Access-Control-Allow-Credentials" not in response.headers


async def test_no_other_origin_may_read_a_page(text):
    response = await AsyncClient().get("/stream/", headers={"origin": "https://friend.example"})
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_the_page_lists_the_texts(text):
    await StreamText.objects.acreate(slug="other", title="<b>Other</b>", event_name="token")
    page = (await AsyncClient().get("/stream/?text=other")).content.decode()
    assert "&lt;b&gt;Other&lt;/b&gt;" in page
    assert 'data-event="token"' in page


async def test_the_page_works_without_texts():
    assert (await AsyncClient().get("/stream/")).status_code == 200


async def test_the_list_of_texts_is_readable_by_other_origins(text):
    answer = await AsyncClient().get("/api/texts", headers={"origin": "https://friend.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://friend.example"
    assert answer.json() == {
        "texts": [
            {
                "slug": "first",
                "title": "First",
                "event_name": "message",
                "interval_ms": 1,
                "is_default": True,
            }
        ]
    }
