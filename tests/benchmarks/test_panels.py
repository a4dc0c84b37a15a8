"""What the pictures show, before it is drawn."""

import pytest

from benchmarks.report import panels
from benchmarks.report.derived import derived
from benchmarks.report.fold import Spread, fold
from benchmarks.report.ink import COLOURS, decades, percent, short
from benchmarks.report.wording import TITLES
from tests.benchmarks.runs import run, streams

STREAM = {"kind": "stream", "connections": 2_000}


def test_a_panel_has_each_contender_that_was_there_ours_first():
    runs = [
        run("ws", 0, p50_ms=20.0),
        run("twinstream", 0, p50_ms=4.0),
        run("twinstream", 1, p50_ms=6.0),
        run("tutorial", 0, "one was lost"),
    ]
    (panel,) = [each for each in panels.rooms(fold(runs)) if each.figure == "p50_ms"]
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


def test_a_target_of_the_figure_itself_is_drawn():
    runs = [run(who, 0, None, "held", STREAM, bytes_per_connection=9.0) for who in ("ws", "nchan")]
    (panel,) = panels.held(fold(runs))
    assert (panel.bound, panel.log) == (25_000, False)
    assert panel.subtitle == "bytes a connection (less is better, target dashed)"


def test_workers_stand_one_below_the_other():
    runs = [streams(count, 0, 1_000, 1.0) for count in (2, 1)]
    (panel,) = panels.workers(fold(derived(runs)))
    assert [dot.label for dot in panel.dots] == ["1 worker", "2 workers"]
    assert (panel.title, panel.figure) == ("text streams", "streams_held")


def test_resuming_has_its_four_times_in_one_panel():
    figures = {"head_ms": 3.0, "all_ms": 4.0, "others_p99_ms": 2.0, "quiet_p99_ms": 1.0}
    runs = [run("twinstream", 0, None, "resume", {"missed": 10_000, "readers": 50}, **figures)]
    (panel,) = panels.resume(fold(derived(runs)))
    assert [dot.spread.median for dot in panel.dots] == [3.0, 4.0, 2.0, 1.0]
    assert panel.title == "10,000 entries to resume, 50 readers"


@pytest.mark.parametrize("name", ["rooms", "streams", "held", "workers", "resume"])
def test_no_runs_are_no_panels(name):
    assert getattr(panels, name)([]) == []


def test_each_contender_has_a_colour():
    assert COLOURS.keys() == TITLES.keys()


@pytest.mark.parametrize(
    ("value", "text"), [(0.2, "0.2"), (20, "20"), (1_500, "1.5 k"), (2_000_000, "2 M")]
)
def test_a_tick_is_short(value, text):
    assert short(value) == text


def test_a_share_is_in_percent():
    assert percent(0.25) == "25 %"


@pytest.mark.parametrize(
    ("low", "high", "around"), [(3, 40, (1, 100)), (10, 10, (10, 100)), (0.2, 0.3, (0.1, 1))]
)
def test_an_axis_has_whole_decades(low, high, around):
    assert decades(low, high) == pytest.approx(around)
