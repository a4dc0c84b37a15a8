"""What a worker answers to machines, before Django sees the request."""

import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chat.worker import current
from config.worker import readiness
from config.worker.health import Probes


async def site(scope, receive, send):
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"the site"})


async def ask(path, method="GET", headers=(), client=("127.0.0.1", 5)):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    scope["client"] = client
    await Probes(site)(scope, None, send)
    return sent[0]["status"], sent[1]["body"]


async def test_a_worker_that_answers_is_alive():
    assert await ask("/healthz") == (200, b"alive\n")


@pytest.mark.django_db(transaction=True)
async def test_a_worker_is_ready_when_its_parts_are():
    status, body = await ask("/readyz")
    assert (status, json.loads(body)) == (200, {"worker": "ready", "database": "ready"})


@pytest.mark.django_db(transaction=True)
async def test_a_worker_that_drains_is_not_ready():
    current().streams.draining = True
    status, body = await ask("/readyz")
    assert (status, json.loads(body)) == (503, {"worker": "draining", "database": "ready"})


async def test_a_worker_is_not_ready_whatever_its_database_fails_with(monkeypatch):
    def fail():
        raise ZeroDivisionError

    monkeypatch.setattr(readiness, "database", readiness.Question(fail))
    status, body = await ask("/readyz")
    assert (status, json.loads(body)) == (503, {"worker": "ready", "database": "away"})


async def test_metrics_are_read_by_prometheus():
    status, body = await ask("/metrics")
    families = {family.name for family in text_string_to_metric_families(body.decode())}
    assert status == 200
    assert {"twinstream_streams", "twinstream_delivery_seconds", "process_open_fds"} <= families


@pytest.mark.parametrize("name", [b"x-forwarded-for", b"X-Real-IP", b"forwarded", b"via"])
async def test_metrics_are_not_for_who_comes_through_a_proxy(name):
    assert await ask("/metrics", headers=[(name, b"1.2.3.4")]) == (404, b"the site")


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
        (("unheard-of", 5), 404),
    ],
)
async def test_metrics_are_for_this_machine_and_its_network(client, status):
    assert (await ask("/metrics", client=client))[0] == status


@pytest.mark.parametrize(
    ("path", "method"), [("/healthz/", "GET"), ("/healthz", "POST"), ("/", "GET")]
)
async def test_everything_else_is_the_sites(path, method):
    assert await ask(path, method) == (404, b"the site")
