"""Health, readiness and metrics, which are answered before Django."""

import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chat.worker import current
from config.worker import readiness
from config.worker.health import HealthMiddleware

ALL_READY = {"worker": "ready", "database": "ready", "disk": "ready"}


async def site(scope, receive, send):
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"the site"})


async def request(path, method="GET", headers=(), client=("127.0.0.1", 5)):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    scope["client"] = client
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
    assert await request("/metrics", headers=[(name, b"1.2.3.4")]) == (404, b"the site")


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
