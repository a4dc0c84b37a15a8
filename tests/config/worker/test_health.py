"""Health, readiness and metrics, which are answered before Django."""

import json
from ipaddress import ip_network

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chat.worker import current
from config.worker import readiness
from config.worker.health import HealthMiddleware

ALL_READY = {"worker": "ready", "database": "ready", "disk": "ready"}


async def site(scope, receive, send):
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"the site"})


async def request(
    path, method="GET", headers=(), client=("127.0.0.1", 5), server=("127.0.0.1", 8101)
):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    scope |= {"client": client, "server": server}
    await HealthMiddleware(site)(scope, None, send)
    return sent[0]["status"], sent[1]["body"]


async def test_a_running_worker_is_alive():
    assert await request("/healthz") == (200, b"alive\n")


@pytest.mark.django_db(transaction=True)
async def test_a_worker_is_ready_when_its_database_answers():
    status, body = await request("/readyz")
    assert (status, json.loads(body)) == (200, ALL_READY)


@pytest.mark.django_db(transaction=True)
async def test_a_draining_worker_is_not_ready():
    current().streams.draining = True
    status, body = await request("/readyz")
    assert (status, json.loads(body)) == (503, ALL_READY | {"worker": "draining"})


async def test_an_unexpected_database_error_makes_a_worker_not_ready(monkeypatch):
    def fail():
        raise ZeroDivisionError

    monkeypatch.setattr(readiness, "database", readiness.SingleFlightCheck(fail))
    status, body = await request("/readyz")
    assert (status, json.loads(body)) == (503, ALL_READY | {"database": "away"})


async def test_prometheus_can_parse_the_metrics():
    status, body = await request("/metrics")
    families = {family.name for family in text_string_to_metric_families(body.decode())}
    assert status == 200
    assert {"twinstream_streams", "twinstream_delivery_seconds", "process_open_fds"} <= families


@pytest.mark.parametrize("name", [b"x-forwarded-for", b"X-Real-IP", b"forwarded", b"via"])
async def test_metrics_are_not_served_through_a_proxy(name):
    assert await request("/metrics", headers=[(name, b"1.2.3.4")]) == (404, b"Not Found\n")


@pytest.mark.parametrize(
    ("client", "status"),
    [
        (("127.0.0.1", 5), 200),
        (("10.0.0.7", 5), 200),
        (("::1", 5), 200),
        (None, 200),  # a unix socket
        (("", 0), 200),
        (("8.8.8.8", 5), 404),
        (("2001:4860:4860::8888", 5), 404),
        (("not-an-address", 5), 404),
    ],
)
async def test_metrics_are_served_to_this_machine_and_private_networks(client, status):
    assert (await request("/metrics", client=client))[0] == status


@pytest.mark.parametrize(
    ("path", "method"), [("/healthz/", "GET"), ("/healthz", "POST"), ("/", "GET")]
)
async def test_other_requests_go_to_django(path, method):
    assert await request(path, method) == (404, b"the site")


TOKEN = "a-long-random-token"
PUBLIC, NAMED, PRIVATE = ("8.8.8.8", 5), ("198.51.100.7", 5), ("10.0.0.7", 5)


def bearer(token):
    return [(b"authorization", f"Bearer {token}".encode())]


async def test_readiness_is_not_served_through_a_proxy():
    assert (await request("/readyz", client=PUBLIC))[0] != 404
    through_a_proxy = [(b"x-forwarded-for", b"8.8.8.8")]
    assert (await request("/readyz", client=PUBLIC, headers=through_a_proxy))[0] == 404


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
async def test_with_named_networks_these_and_this_machine_are_answered(settings, path):
    settings.MONITORING_NETWORKS = (ip_network("198.51.100.0/24"),)
    for client in (NAMED, ("127.0.0.1", 5), None):
        assert (await request(path, client=client))[0] != 404
    for client in (PUBLIC, PRIVATE):
        assert (await request(path, client=client, headers=bearer(TOKEN)))[0] == 404
    assert (await request(path, client=PRIVATE, server=PRIVATE))[0] != 404  # this machine


async def test_health_is_served_to_all(settings):
    settings.MONITORING_NETWORKS = (ip_network("198.51.100.0/24"),)
    assert await request("/healthz", client=PUBLIC) == (200, b"alive\n")


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ([(b"x-forwarded-for", b"198.51.100.7")], 200),
        # The client wrote the address itself, and the proxy added that of the client.
        ([(b"x-forwarded-for", b"198.51.100.7, 8.8.8.8")], 404),
        ([(b"x-forwarded-for", b"198.51.100.7"), (b"x-forwarded-for", b"8.8.8.8")], 404),
        # 198.51.100.7 is the proxy: the server did not believe it.
        ([(b"x-forwarded-for", b"8.8.8.8")], 404),
        ([(b"forwarded", b"for=unknown")], 404),
        ([(b"via", b"1.1 proxy")], 404),
    ],
)
async def test_through_a_proxy_the_client_must_be_in_a_named_network(settings, forwarded, status):
    settings.MONITORING_NETWORKS = (ip_network("198.51.100.0/24"),)
    assert (await request("/metrics", client=NAMED, headers=forwarded))[0] == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (bearer(TOKEN), 200),
        ([*bearer(TOKEN), (b"x-forwarded-for", b"8.8.8.8")], 200),
        (bearer(TOKEN[:-1]), 404),
        (bearer(TOKEN + "x"), 404),
        (bearer("é" * 9), 404),
        ([(b"authorization", TOKEN.encode())], 404),
        ([], 404),
    ],
)
@pytest.mark.parametrize("client", [PUBLIC, PRIVATE])
async def test_with_a_token_other_machines_need_it(settings, client, headers, status):
    settings.MONITORING_TOKEN = TOKEN
    assert (await request("/metrics", client=client, headers=headers))[0] == status


async def test_without_a_token_an_empty_one_is_refused(settings):
    settings.MONITORING_NETWORKS = (ip_network("198.51.100.0/24"),)
    assert (await request("/metrics", client=PUBLIC, headers=bearer("")))[0] == 404
