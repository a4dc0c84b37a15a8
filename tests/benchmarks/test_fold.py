"""Runs become medians, spreads and ratios, and a void one leaves no figure."""

import pytest

from benchmarks.report.derived import derived
from benchmarks.report.fold import Spread, find, fold, reference
from tests.benchmarks.runs import run, streams


def named(results, contender):
    return next(each for each in results if each.contender == contender)


def test_a_figure_is_the_median_with_the_lowest_and_the_highest_round():
    results = fold([run("ws", n, p50_ms=ms) for n, ms in enumerate([7.0, 2.0, 3.0])])
    assert results[0].spread("p50_ms") == Spread(3.0, 2.0, 7.0)
    assert (results[0].rounds, results[0].voids) == (3, ())
    assert results[0].keys == {"connections": 500, "talking": 64}
    assert results[0].spread("p99_ms") is None


def test_a_ratio_is_taken_within_each_round_before_its_median():
    ours, nodes = [1.0, 30.0, 4.0], [2.0, 100.0, 1.0]
    runs = [run("twinstream", n, p50_ms=ms) for n, ms in enumerate(ours)]
    runs += [run("ws", n, p50_ms=ms) for n, ms in enumerate(nodes)]
    results = fold(runs)
    ratio = named(results, "twinstream").over(named(results, "ws"), "p50_ms")
    assert ratio == Spread(0.5, 0.3, 4.0)  # of the medians it would be 4 / 2


def test_a_round_that_one_of_them_lacks_is_in_no_ratio():
    runs = [run("twinstream", n, p50_ms=1.0) for n in (0, 1)] + [run("ws", 1, p50_ms=4.0)]
    results = fold(runs)
    assert named(results, "twinstream").over(named(results, "ws"), "p50_ms").median == 0.25
    assert named(results, "ws").over(named(results, "ws"), "p99_ms") is None


def test_one_void_run_leaves_a_contender_without_figures():
    results = fold([run("ws", 0, p50_ms=1.0), run("ws", 1, "one was lost", p50_ms=1.0)])
    assert results[0].spread("p50_ms") is None
    assert (results[0].rounds, results[0].voids) == (2, ("one was lost",))


def test_a_void_run_needs_no_figures():
    bare = {name: value for name, value in run("ws", 0, "lost").items() if name != "figures"}
    assert fold([bare])[0].voids == ("lost",)


def test_the_same_round_twice_is_refused():
    with pytest.raises(ValueError, match="twice"):
        fold([run("ws", 0, p50_ms=1.0), run("ws", 0, p50_ms=2.0)])


@pytest.mark.parametrize(
    ("scenario", "keys", "name"),
    [
        ("room", {"connections": 2, "talking": 1}, "ws"),
        ("streams", {"connections": 1_000, "interval_ms": 20}, "express"),
        ("held", {"kind": "socket", "connections": 2_000}, "ws"),
        ("held", {"kind": "stream", "connections": 2_000}, "express"),
    ],
)
def test_ours_is_compared_to_nodes_in_the_same_row(scenario, keys, name):
    other = {**keys, "connections": 7}
    runs = [run(each, 0, None, scenario, keys) for each in ("twinstream", "ws", "express")]
    results = fold([*runs, run(name, 0, None, scenario, other)])
    found = reference(results, find(results, scenario, "twinstream", keys)[0])
    assert (found.contender, found.keys) == (name, keys)


def test_two_workers_are_compared_to_one():
    results = fold([streams(count, 0, 1_000, 1.0) for count in (1, 2)])
    found = reference(results, find(results, "workers", "twinstream", {"workers": 2})[0])
    assert found.keys["workers"] == 1


def held(runs):
    results = fold(derived(runs))
    return find(results, "workers", "twinstream", {"kind": "streams held"})[0]


def test_the_streams_held_are_the_most_of_which_99_percent_were_in_time():
    shares = [(1_000, 1.0), (2_000, 0.99), (3_000, 0.98)]
    runs = [streams(1, 0, connections, share) for connections, share in shares]
    assert held(runs).spread("streams_held").median == 2_000


def test_no_streams_are_said_to_be_held_where_a_step_was_void():
    void = {**streams(1, 0, 2_000, 1.0, "one came twice"), "figures": {}}
    runs = [streams(1, 0, 1_000, 1.0), void]
    assert held(runs).voids == ("one came twice",)


def test_how_much_longer_others_wait_is_of_the_same_run():
    keys = {"missed": 10_000, "readers": 50}
    rounds = [(30.0, 10.0), (40.0, 40.0), (10.0, 5.0)]
    runs = [
        run("twinstream", n, None, "resume", keys, others_p99_ms=others, quiet_p99_ms=quiet)
        for n, (others, quiet) in enumerate(rounds)
    ]
    assert fold(derived(runs))[0].spread("slowing") == Spread(2.0, 1.0, 3.0)
