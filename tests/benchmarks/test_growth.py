"""Growth is computed from the medians of the steps."""

import pytest

from benchmarks.report.growth import growth_section, growths
from benchmarks.report.results import fold
from tests.benchmarks.runs import run


def grown(power, steps=(50, 500, 2_000), name="connections"):
    other = {"connections": "talking", "talking": "connections"}[name]
    runs = [
        run("twinstream", 0, None, "room", {name: n, other: 16}, delivered_per_s=3.0 * n**power)
        for n in steps
    ]
    return growths(fold(runs), "room", "delivered_per_s", name)


@pytest.mark.parametrize("power", [-1.0, 0.5, 1.0, 2.0])
def test_exponent_is_that_of_a_power_function(power):
    (line,) = grown(power)
    assert line.exponent == pytest.approx(power)
    assert line.factor == pytest.approx(40**power)
    assert line.fixed == {"talking": 16}


def test_growth_uses_only_the_steps_and_needs_two():
    assert [x for x, _ in grown(1.0, (1, 4, 16, 64, 128), "talking")[0].points] == [1, 16, 128]
    assert grown(1.0, (2, 500)) == []


def test_section_has_a_row_for_each_contender():
    runs = [
        run(who, 0, None, "room", {"connections": 500, "talking": n}, delivered_per_s=100.0 * n**p)
        for who, p in (("ws", 0.0), ("twinstream", 1.0))
        for n in (1, 16, 128)
    ]
    text = growth_section(fold(runs))
    row = "| Twinstream | 500 connections | 100 | 1,600 | 12,800 | 128× | 1.00 |"
    assert f"| deliveries per second {row}" in text
