"""Markdown tables, and how numbers are written in them. Pure."""

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.report.results import Spread

NONE = "–"


def table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *([cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: Any) -> str:
    return number(value).replace("|", "\\|").replace("\n", " ")


def number(value: Any) -> str:
    """Three digits of a fraction, thousands separated. Text stays as it is."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def share(value: float) -> str:
    return f"{value:.2%}".replace("%", " %")


def percent(value: float, _: object = None) -> str:
    return f"{value:.0%}".replace("%", " %")


def times(value: float) -> str:
    return f"{value:.2g}×" if value < 0.1 else f"{value:.2f}×" if value < 10 else f"{value:,.0f}×"


def with_range(form: Callable[[float], str], spread: Spread | None) -> str:
    """The median, and in brackets the lowest and the highest round."""
    if spread is None:
        return NONE
    middle, low, high = (form(float(x)) for x in (spread.median, spread.low, spread.high))
    return middle if low == high else f"{middle} ({low} – {high})"
