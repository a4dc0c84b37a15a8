"""A target is met, not met, or not measured. A void or missing run never meets a target."""

import pytest

from benchmarks.report.results import Spread, fold
from benchmarks.report.targets import Target, room, targets, verdict, verdicts
from tests.benchmarks.runs import run, streams_on_time

SPEED = Target("room", room(500, 64), "delivered_per_s", "≥", 5.0, "ws")
DELAY = Target("room", room(500, 64), "p50_ms", "≤", 5.0)
BELOW = Target("room", room(500, 64), "p50_ms", "<", 1.0, "ws")


def rounds(contender, figure, values):
    return [run(contender, n, **{figure: value}) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([4.0, 5.0, 5.0], "met"),
        ([4.0, 5.0, 5.1], "met, not in every round"),
        ([4.0, 5.1, 5.1], "not met"),
    ],
)
def test_target_is_met_by_the_median(values, text):
    found = verdict(fold(rounds("twinstream", "p50_ms", values)), DELAY)
    assert (found.text, found.met) == (text, text != "not met")
    assert found.measured == Spread(sorted(values)[1], min(values), max(values))


@pytest.mark.parametrize(("ours", "met"), [(500.0, True), (499.0, False)])
def test_target_with_another_contender_bounds_the_ratio(ours, met):
    runs = rounds("twinstream", "delivered_per_s", [ours]) + rounds("ws", "delivered_per_s", [100])
    assert verdict(fold(runs), SPEED).met is met


def test_target_below_is_not_met_by_equal():
    runs = rounds("twinstream", "p50_ms", [3.0]) + rounds("ws", "p50_ms", [3.0])
    assert verdict(fold(runs), BELOW).text == "not met"


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([], "not measured"),
        ([run("twinstream", 0, delivered_per_s=9.0)], "not measured, no ws"),
        (
            [run("twinstream", 0, delivered_per_s=9.0), run("ws", 0, "one was lost")],
            "not measured, void (ws: one was lost)",
        ),
        (
            [run("twinstream", 0, "one came twice"), run("ws", 0, delivered_per_s=9.0)],
            "not measured, void (twinstream: one came twice)",
        ),
        (
            [run("twinstream", 0, delivered_per_s=9.0), run("ws", 1, delivered_per_s=1.0)],
            "not measured",
        ),
        ([run("twinstream", 0, p50_ms=9.0), run("ws", 0, p50_ms=1.0)], "not measured"),
    ],
)
def test_void_or_missing_run_is_not_measured(runs, text):
    found = verdict(fold(runs), SPEED)
    assert (found.text, found.met, found.measured) == (text, False, None)


def test_verdict_is_that_of_the_worst_row():
    keys = [{"missed": 10_000, "readers": readers} for readers in (1, 50, 10)]
    took = [30.0, 1_200.0, 40.0]
    runs = [
        run("twinstream", 0, None, "resume", row, head_ms=ms)
        for row, ms in zip(keys, took, strict=True)
    ]
    found = verdict(fold(runs), Target("resume", {"missed": 10_000}, "head_ms", "≤", 1_000))
    assert (found.text, found.measured.median) == ("not met", 1_200.0)


def of_workers(cores, runs):
    found = verdicts(fold(runs), cores)
    return [each for each in found if each.target.scenario == "workers" and each.measured]


@pytest.mark.parametrize(("two", "met"), [(170.0, True), (169.0, False)])
def test_two_workers_on_four_cores_must_deliver_more(two, met):
    runs = [
        run("twinstream", 0, None, "workers", {"workers": n, **room(500, 64)}, delivered_per_s=each)
        for n, each in ((1, 100.0), (2, two))
    ]
    assert [each.met for each in of_workers(4, runs)] == [met]
    assert of_workers(2, runs) == []


@pytest.mark.parametrize(("two", "met"), [(11.0, True), (11.2, False)])
def test_two_workers_on_few_cores_must_not_cost_more(two, met):
    runs = [
        run("twinstream", 0, None, "workers", {"workers": n, **room(500, 64)}, **{figure: each})
        for figure in ["cpu_us_per_delivery"]
        for n, each in ((1, 10.0), (2, two))
    ]
    assert [each.met for each in of_workers(3, runs)] == [met]
    assert of_workers(4, runs) == []


@pytest.mark.parametrize(("top", "met"), [(2_000, True), (1_000, False)])
def test_two_workers_on_four_cores_must_serve_more_streams(top, met):
    runs = [streams_on_time(1, 0, 1_000), streams_on_time(2, 0, top)]
    assert [each.met for each in of_workers(4, runs)] == [met]


def test_each_scenario_has_targets():
    kinds = [target.scenario for target in targets(2)]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "room": 7,
        "streams": 8,
        "memory": 4,
        "resume": 3,
        "workers": 2,
    }
