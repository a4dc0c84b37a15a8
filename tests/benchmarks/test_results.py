"""Runs become medians, ranges and ratios. A void run leaves no figures."""

import pytest

from benchmarks.compare.workers import streams_on_time
from benchmarks.report.results import Spread, find, fold, reference
from tests.benchmarks.runs import run


def named(results, contender):
    return next(each for each in results if each.contender == contender)


def test_spread_is_the_median_and_the_lowest_and_highest_round():
    results = fold([run("ws", n, p50_ms=ms) for n, ms in enumerate([7.0, 2.0, 3.0])])
    assert results[0].spread("p50_ms") == Spread(3.0, 2.0, 7.0)
    assert (results[0].rounds, results[0].voids) == (3, ())
    assert results[0].keys == {"connections": 500, "talking": 64}
    assert results[0].spread("p99_ms") is None


def test_ratio_is_the_median_of_the_ratios_of_each_round():
    ours, nodes = [1.0, 30.0, 4.0], [2.0, 100.0, 1.0]
    runs = [run("twinstream", n, p50_ms=ms) for n, ms in enumerate(ours)]
    runs += [run("ws", n, p50_ms=ms) for n, ms in enumerate(nodes)]
    results = fold(runs)
    ratio = named(results, "twinstream").ratio(named(results, "ws"), "p50_ms")
    assert ratio == Spread(0.5, 0.3, 4.0)  # the ratio of the medians would be 4 / 2


def test_ratio_ignores_a_round_that_only_one_contender_has():
    runs = [run("twinstream", n, p50_ms=1.0) for n in (0, 1)] + [run("ws", 1, p50_ms=4.0)]
    results = fold(runs)
    assert named(results, "twinstream").ratio(named(results, "ws"), "p50_ms").median == 0.25
    assert named(results, "ws").ratio(named(results, "ws"), "p99_ms") is None


def test_result_has_no_figures_if_one_run_is_void():
    results = fold([run("ws", 0, p50_ms=1.0), run("ws", 1, "one was lost", p50_ms=1.0)])
    assert results[0].spread("p50_ms") is None
    assert (results[0].rounds, results[0].voids) == (2, ("one was lost",))


def test_void_run_needs_no_figures():
    bare = {name: value for name, value in run("ws", 0, "lost").items() if name != "figures"}
    assert fold([bare])[0].voids == ("lost",)


def test_fold_refuses_the_same_round_twice():
    with pytest.raises(ValueError, match="twice"):
        fold([run("ws", 0, p50_ms=1.0), run("ws", 0, p50_ms=2.0)])


@pytest.mark.parametrize(
    ("scenario", "keys", "name"),
    [
        ("room", {"connections": 2, "talking": 1}, "ws"),
        ("streams", {"connections": 1_000, "interval_ms": 20}, "express"),
        ("memory", {"kind": "socket", "connections": 2_000}, "ws"),
        ("memory", {"kind": "stream", "connections": 2_000}, "express"),
    ],
)
def test_reference_is_node_in_the_same_row(scenario, keys, name):
    other = {**keys, "connections": 7}
    runs = [run(each, 0, None, scenario, keys) for each in ("twinstream", "ws", "express")]
    results = fold([*runs, run(name, 0, None, scenario, other)])
    found = reference(results, find(results, scenario, "twinstream", keys)[0])
    assert (found.contender, found.keys) == (name, keys)


def test_reference_of_two_workers_is_one_worker():
    rows = [{"workers": count, "connections": 500, "talking": 64} for count in (1, 2)]
    results = fold([run("twinstream", 0, None, "workers", keys) for keys in rows])
    found = reference(results, find(results, "workers", "twinstream", {"workers": 2})[0])
    assert found.keys["workers"] == 1


STEPS = [
    {"kind": "streams", "connections": count, "figures": {"due_share": due_share}, "void": None}
    for count, due_share in [(1_000, 1.0), (2_000, 0.99), (3_000, 0.98)]
]


def test_streams_on_time_is_the_largest_step_with_99_percent_of_the_events():
    assert streams_on_time(STEPS)["figures"] == {"streams_on_time": 2_000}


def test_streams_on_time_is_void_if_a_step_is_void():
    run = streams_on_time([*STEPS, {**STEPS[0], "figures": {}, "void": "one came twice"}])
    assert (run["figures"], run["void"]) == ({}, "one came twice")
