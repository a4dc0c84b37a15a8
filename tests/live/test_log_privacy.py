"""The log of a worker: its form, request ids, and no addresses or queries of people."""

import json
import re

import httpx
import pytest

ADDRESS, QUERY = "203.0.113.7", "kumquat"
# As nginx sends them.
FORWARDED = {"X-Forwarded-For": ADDRESS, "X-Forwarded-Port": "5", "X-Forwarded-Proto": "https"}
SITE = {"LOG_FORMAT": "json", "PYTHONWARNINGS": "ignore", "CHAT_BURST": "2"}


@pytest.fixture
def site(make_site):
    return make_site(**SITE)


async def visit(worker, open_socket):
    """Causes lines of the access log, of Django and of the chat. Each request has an id."""
    async with httpx.AsyncClient(base_url=worker.url, headers=FORWARDED, timeout=60) as client:
        for path, status in {"/chat/": 200, "/missing/": 404, "/api/sse": 200}.items():
            number = {"X-Request-ID": f"id-{path.strip('/').replace('/', '-')}-1"}
            async with client.stream("GET", f"{path}?name={QUERY}", headers=number) as answer:
                assert answer.status_code == status
                assert answer.headers["X-Request-ID"] == number["X-Request-ID"]
        referer = {"Referer": f"https://other.example/?name={QUERY}"}
        assert (await client.post("/login/", headers=referer)).status_code == 403
        malformed = await client.get("/api/texts", headers={"X-Request-ID": "two words"})
        assert re.fullmatch("[0-9a-f]{32}", malformed.headers["X-Request-ID"])
    headers = FORWARDED | {"X-Request-ID": "id-of-the-socket"}
    socket = await open_socket(worker, f"/ws/chat/?name={QUERY}", additional_headers=headers)
    for _ in range(100):
        await socket.send_text("{}")
    assert await socket.closed() == 4429
    worker.stop()
    return worker.log.read_text()


async def test_lines_of_json_have_request_ids_and_no_addresses_or_queries(site, open_socket):
    log = await visit(site.worker("one", "--proxy-headers"), open_socket)
    assert ADDRESS not in log
    assert QUERY not in log
    lines = [json.loads(line) for line in log.splitlines()]
    found = {line["message"]: line.get("request_id") for line in lines}
    assert found["Not Found: /missing/"] == "id-missing-1"
    assert found["WSCONNECT /ws/chat/"] == "id-of-the-socket"
    assert found["WSDISCONNECT /ws/chat/"] == "id-of-the-socket"
    (flood,) = [text for text in found if text.startswith("WebSocket closed: too many frames")]
    assert found[flood] == "id-of-the-socket"
    assert any(
        "Referer checking failed - https://other.example/ does not" in text for text in found
    )
    statuses = {line["path"]: line["status"] for line in lines if "status" in line}
    assert statuses.items() >= {"/chat/": 200, "/missing/": 404, "/login/": 403}.items()


async def test_addresses_and_queries_are_logged_if_asked_for(site, open_socket):
    site.environment |= {"LOG_ADDRESSES": "true", "LOG_FORMAT": ""}
    log = await visit(site.worker("one", "--proxy-headers"), open_socket)
    assert f"{ADDRESS}:5 GET /chat/?name={QUERY} 200" in log
    assert f"https://other.example/?name={QUERY} does not match" in log
