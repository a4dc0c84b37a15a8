"""A site for HTTPS only, behind a proxy that passes on the scheme of its clients."""

import re
from types import SimpleNamespace

import pytest
from websockets.exceptions import InvalidStatus

from tests.servers import Site

HOST = "site.example"
OVER_HTTPS = {"Host": HOST, "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
OVER_HTTP = OVER_HTTPS | {"X-Forwarded-Proto": "http"}
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


async def test_a_request_over_http_is_redirected_to_https(worker, client):
    answer = await client.get(f"{worker.url}/chat/", headers=OVER_HTTP)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{HOST}/chat/")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["healthz", "readyz", "metrics"])
async def test_a_health_check_is_not_redirected_to_https(worker, client, path):
    answer = await client.get(f"{worker.url}/{path}")
    assert answer.status_code != 301


async def test_every_cookie_is_secure(worker, client):
    room = await client.get(f"{worker.url}/chat/lobby/", headers=OVER_HTTPS)
    assert room.headers["Strict-Transport-Security"] == "max-age=2592000"
    page = await client.get(f"{worker.url}/login/", headers=OVER_HTTPS)
    jar = cookies(room) | cookies(page)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
    headers = OVER_HTTPS | {
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
async def test_only_https_pages_of_the_site_may_open_a_socket(worker, open_socket, origin, allowed):
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "Origin": origin}
    address = {"host": "127.0.0.1", "port": worker.port}
    connecting = open_socket(SITE, additional_headers=headers, **address)
    if allowed:
        await (await connecting).until("welcome")
    else:
        with pytest.raises(InvalidStatus) as refused:
            await connecting
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(("origin", "status"), [("https", 302), ("http", 403)])
async def test_only_forms_of_https_pages_are_accepted(worker, client, origin, status):
    page = await client.get(f"{worker.url}/login/", headers=OVER_HTTPS)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
    headers = OVER_HTTPS | {
        "Origin": f"{origin}://{HOST}",
        "Cookie": f"csrftoken={page_token(page)}",
    }
    form = {"username": "alice", "password": "a", "csrfmiddlewaretoken": token}
    answer = await client.post(f"{worker.url}/login/", data=form, headers=headers)
    assert answer.status_code == status


def page_token(page):
    return cookies(page)["csrftoken"][0]
