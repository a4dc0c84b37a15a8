"""What grows how is computed from the medians, and said in words."""

import pytest

from benchmarks.report.fold import fold
from benchmarks.report.growth import growths, in_words
from benchmarks.report.growth_table import growth_section
from tests.benchmarks.runs import run


def grown(power, steps=(50, 500, 2_000), name="connections"):
    other = {"connections": "talking", "talking": "connections"}[name]
    runs = [
        run("twinstream", 0, None, "room", {name: n, other: 16}, delivered_per_s=3.0 * n**power)
        for n in steps
    ]
    return growths(fold(runs), "room", "delivered_per_s", name)


@pytest.mark.parametrize("power", [-1.0, 0.5, 1.0, 2.0])
def test_the_exponent_is_that_of_the_power_behind_the_points(power):
    (line,) = grown(power)
    assert line.exponent == pytest.approx(power)
    assert line.factor == pytest.approx(40**power)
    assert line.fixed == {"talking": 16}


@pytest.mark.parametrize(
    ("power", "words"),
    [
        (0.0, "hardly changes with connections"),
        (0.95, "in proportion to connections"),
        (0.5, "less than in proportion: 1.41× for twice the connections"),
        (2.0, "more than in proportion: 4.00× for twice the connections"),
        (-1.0, "falls: 0.50× for twice the connections"),
    ],
)
def test_an_exponent_in_words(power, words):
    assert in_words(grown(power)[0]) == words


def test_only_the_steps_of_the_issue_count_and_one_is_no_growth():
    assert [x for x, _ in grown(1.0, (1, 4, 16, 64, 128), "talking")[0].points] == [1, 16, 128]
    assert grown(1.0, (2, 500)) == []


def test_the_section_tells_of_ours_and_of_nodes():
    runs = [
        run(who, 0, None, "room", {"connections": 500, "talking": n}, delivered_per_s=100.0 * n**p)
        for who, p in (("ws", 0.0), ("twinstream", 1.0))
        for n in (1, 16, 128)
    ]
    text = growth_section(fold(runs))
    assert (
        "- delivered a second, from 1 to 128 talking (500 connections): Twinstream 128×, "
        "in proportion to talking; Node ws 1.00×, hardly changes with talking.\n"
    ) in text
    row = (
        "| delivered a second | Twinstream | 500 connections | 100 | 1,600 | 12,800 | 128× | 1.00 |"
    )
    assert row in text
