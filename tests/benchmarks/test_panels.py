"""The panels of the pictures, as data."""

import pytest

from benchmarks.report.panels import decades, panels, tick
from benchmarks.report.results import Spread, fold
from benchmarks.report.tables import percent
from benchmarks.report.wording import COLOURS, SCENARIOS, TITLES
from tests.benchmarks.runs import run, streams_on_time

STREAM = {"kind": "stream", "connections": 2_000}


def test_panel_has_a_dot_for_each_contender_ours_first():
    runs = [
        run("ws", 0, p50_ms=20.0),
        run("twinstream", 0, p50_ms=4.0),
        run("twinstream", 1, p50_ms=6.0),
        run("tutorial", 0, "one was lost"),
    ]
    (panel,) = [each for each in panels(fold(runs), "room") if each.figure == "p50_ms"]
    assert [(dot.label, dot.spread) for dot in panel.dots] == [
        ("Twinstream", Spread(5.0, 4.0, 6.0)),
        ("Node ws", Spread(20.0, 20.0, 20.0)),
        ("Channels tutorial", None),
    ]
    assert (panel.title, panel.subtitle) == (
        "room of 500, 64 talking",
        "p50, ms (less is better)",
    )
    assert panel.log


def test_panel_has_the_target_of_its_figure():
    runs = [
        run(who, 0, None, "memory", STREAM, bytes_per_connection=9.0) for who in ("ws", "nchan")
    ]
    (panel,) = panels(fold(runs), "memory")
    assert (panel.bound, panel.log) == (25_000, False)
    assert panel.subtitle == "bytes per connection (less is better, target dashed)"


def test_panel_of_workers_has_a_dot_for_each_number():
    runs = [streams_on_time(count, 0, 1_000) for count in (2, 1)]
    (panel,) = panels(fold(runs), "workers")
    assert [dot.label for dot in panel.dots] == [
        "Twinstream, 1 worker",
        "Twinstream, 2 workers",
    ]
    assert (panel.title, panel.figure) == ("text streams", "streams_on_time")


def test_panel_of_resume_has_four_times():
    figures = {"head_ms": 3.0, "all_ms": 4.0, "others_p99_ms": 2.0, "quiet_p99_ms": 1.0}
    runs = [run("twinstream", 0, None, "resume", {"missed": 10_000, "readers": 50}, **figures)]
    (panel,) = panels(fold(runs), "resume")
    assert [dot.spread.median for dot in panel.dots] == [3.0, 4.0, 2.0, 1.0]
    assert panel.title == "10,000 entries to resume, 50 readers"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_runs_make_no_panels(scenario):
    assert panels([], scenario) == []


def test_each_contender_has_a_colour():
    assert COLOURS.keys() == TITLES.keys()


@pytest.mark.parametrize(
    ("value", "text"), [(0.2, "0.2"), (20, "20"), (1_500, "1.5 k"), (2_000_000, "2 M")]
)
def test_tick_is_short(value, text):
    assert tick(value) == text


def test_percent_has_no_digits():
    assert percent(0.25) == "25 %"


@pytest.mark.parametrize(
    ("low", "high", "around"), [(3, 40, (1, 100)), (10, 10, (10, 100)), (0.2, 0.3, (0.1, 1))]
)
def test_decades_are_whole(low, high, around):
    assert decades(low, high) == pytest.approx(around)
