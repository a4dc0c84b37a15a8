"""The metrics are valid for Prometheus, and documented."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chat import rooms
from chat.identity.members import Member
from chat.worker import current
from config.worker.metrics import exposition
from realtime import connection_limit
from realtime.errors import Refused
from realtime.rate_limit import Buckets

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs" / "operating.md").read_text()
ALERTS = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text()
ALERT_CASES = (ROOT / "tests" / "proof" / "alerts_test.yml").read_text()


@pytest.fixture(autouse=True)
async def counted():
    """The counters of a worker that has just been built."""
    return current().counters


async def families():
    found = text_string_to_metric_families(exposition().decode())
    return {family.name: family for family in found if family.name.startswith("twinstream")}


async def test_exactly_the_documented_metrics_exist(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    rows = re.findall(r"^\| `([a-z_]+)(?:\{[\w,]+\})?` \|", DOCUMENT, re.MULTILINE)
    documented = {name.removesuffix("_total") for name in rows}
    assert {name.removeprefix("twinstream_") for name in await families()} == documented


async def test_alerts_use_only_metrics_that_exist(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    used = set(re.findall(r"twinstream_\w+", ALERTS))
    existing = {
        f"{family.name}{suffix}"
        for family in (await families()).values()
        for suffix in ("", "_total", "_bucket")
    }
    assert len(used) > 10
    assert used - existing == set()


def test_every_alert_has_a_case_in_which_it_fires():
    # `make proof` runs these cases with promtool.
    alerts = set(re.findall(r"- alert: (\w+)", ALERTS))
    assert alerts == set(re.findall(r"alertname: (\w+)\n +exp_alerts", ALERT_CASES))


async def test_a_histogram_is_cumulative(counted):
    for seconds in (0.0004, 0.0005, 0.003, 60.0):
        counted.append_seconds.add(seconds)
    family = (await families())["twinstream_append_seconds"]
    buckets = {s.labels["le"]: s.value for s in family.samples if "le" in s.labels}
    assert (buckets["0.0005"], buckets["0.005"], buckets["10.0"], buckets["+Inf"]) == (2, 3, 3, 4)
    sums = {sample.name: sample.value for sample in family.samples}
    assert sums["twinstream_append_seconds_count"] == 4


async def test_http_figures_have_labels_and_cumulative_buckets(counted):
    for seconds in (0.004, 0.3, None):
        counted.http.add("chat/<slug:slug>/", 200, seconds)
    found = await families()
    (responses,) = found["twinstream_http_responses"].samples[:1]
    assert responses.labels == {"route": "chat/<slug:slug>/", "status": "200"}
    assert responses.value == 3
    samples = found["twinstream_http_seconds"].samples
    buckets = {s.labels["le"]: s.value for s in samples if "le" in s.labels}
    assert buckets == {"0.005": 1, "0.025": 1, "0.1": 1, "0.5": 2, "2.5": 2, "10.0": 2, "+Inf": 2}


async def test_refusals_are_counted_by_reason(monkeypatch):
    member = Member("g-1", "Ann", guest=True)
    before = await refused()
    monkeypatch.setattr(rooms, "join_rate", Buckets(1, 1))
    rooms.check_rate(rooms.join_rate, member, "joins")
    with pytest.raises(Refused):
        rooms.check_rate(rooms.join_rate, member, "joins")
    monkeypatch.setattr(connection_limit, "buckets", Buckets(1, 1))
    assert [connection_limit.exceeded("203.0.113.7") for _ in range(3)] == [False, True, True]
    assert await refused() == before | {
        "joins": before["joins"] + 1,
        "address": before["address"] + 2,
    }


async def refused():
    samples = (await families())["twinstream_refusals"].samples
    return {sample.labels["reason"]: sample.value for sample in samples}


async def test_a_label_value_that_never_occurred_is_0():
    samples = (await families())["twinstream_resumes"].samples
    transports = {sample.labels["transport"]: sample.value for sample in samples}
    assert transports == {"json": 0, "plain": 0, "stream": 0, "poll": 0}
