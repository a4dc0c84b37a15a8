"""A site for HTTPS alone, behind a proxy that says how its clients came."""

import re
from types import SimpleNamespace

import pytest
from websockets.exceptions import InvalidStatus

from tests.servers import Site

HOST = "site.example"
BY_TLS = {"Host": HOST, "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
BY_HTTP = BY_TLS | {"X-Forwarded-Proto": "http"}
SITE = SimpleNamespace(ws=f"ws://{HOST}")
COOKIES = {"sessionid", "csrftoken", "guest"}


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"), ALLOWED_HOSTS=f"{HOST},127.0.0.1")
    try:
        site.make_user("alice", "a")
        yield site.worker("worker", "--proxy-headers")
    finally:
        site.close()


async def test_who_comes_by_http_is_sent_to_https(worker, client):
    answer = await client.get(f"{worker.url}/chat/", headers=BY_HTTP)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{HOST}/chat/")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["healthz", "readyz", "metrics"])
async def test_a_probe_is_not_sent_to_https(worker, client, path):
    answer = await client.get(f"{worker.url}/{path}")
    assert answer.status_code != 301


async def test_every_cookie_is_for_https_alone(worker, client):
    room = await client.get(f"{worker.url}/chat/lobby/", headers=BY_TLS)
    assert room.headers["Strict-Transport-Security"] == "max-age=2592000"
    page = await client.get(f"{worker.url}/login/", headers=BY_TLS)
    jar = cookies(room) | cookies(page)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
    headers = BY_TLS | {
        "Origin": f"https://{HOST}",
        "Cookie": "; ".join(f"{name}={value}" for name, (value, _) in jar.items()),
    }
    form = {"username": "alice", "password": "a", "csrfmiddlewaretoken": token}
    login = await client.post(f"{worker.url}/login/", data=form, headers=headers)
    assert login.status_code == 302
    jar |= cookies(login)
    assert jar.keys() == COOKIES
    for value, attributes in jar.values():
        assert {"Secure", "SameSite=Lax"} <= attributes, value
    assert all("HttpOnly" in jar[name][1] for name in ("sessionid", "guest"))


def cookies(answer):
    """The cookies that an answer sets: value and attributes by name."""
    found = {}
    for line in answer.headers.get_list("Set-Cookie"):
        pair, *attributes = line.split("; ")
        name, value = pair.split("=", 1)
        found[name] = value, set(attributes)
    return found


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (f"https://{HOST}", True),
        (f"https://{HOST}:443", True),
        (f"http://{HOST}", False),
        (f"https://{HOST}:8443", False),
        (f"https://{HOST}.evil.example", False),
        ("https://evil.example", False),
        ("null", False),
    ],
)
async def test_a_socket_is_for_pages_that_came_by_https(worker, open_socket, origin, allowed):
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "Origin": origin}
    there = {"host": "127.0.0.1", "port": worker.port}
    opening = open_socket(SITE, additional_headers=headers, **there)
    if allowed:
        await (await opening).until("welcome")
    else:
        with pytest.raises(InvalidStatus) as refused:
            await opening
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(("origin", "status"), [("https", 302), ("http", 403)])
async def test_a_form_is_taken_from_pages_that_came_by_https(worker, client, origin, status):
    page = await client.get(f"{worker.url}/login/", headers=BY_TLS)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
    headers = BY_TLS | {"Origin": f"{origin}://{HOST}", "Cookie": f"csrftoken={page_token(page)}"}
    form = {"username": "alice", "password": "a", "csrfmiddlewaretoken": token}
    answer = await client.post(f"{worker.url}/login/", data=form, headers=headers)
    assert answer.status_code == status


def page_token(page):
    return cookies(page)["csrftoken"][0]
