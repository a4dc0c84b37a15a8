"""Draws one SVG for each scenario, and one of how figures grow."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import MaxNLocator, NullLocator

from benchmarks.report.growth import STEPS, Growth, growths
from benchmarks.report.panels import Dot, Panel, decades, panels, tick
from benchmarks.report.results import OURS, fold, node
from benchmarks.report.tables import percent
from benchmarks.report.wording import COLOURS, FIGURES, SCENARIOS, TITLES, written

# The pictures have a light background of their own, so that they can be read on dark pages too.
PAPER, INK, MUTED, LINE = "#faf9f6", "#1d1c1a", "#6a665e", "#e5e1d9"
WIDTH = 8.5  # inches, 816 px: GitHub shows it unscaled
DOT_HEIGHT, HEAD_HEIGHT = 0.23, 0.86  # inches per line, and around a panel
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "twinstream",  # the same runs give the same file
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "figure.facecolor": PAPER,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}
GROWING = ("delivered_per_s", "p50_ms", "cpu_us_per_delivery")


def draw(found: dict[str, Any], folder: Path) -> None:
    results = fold(found["runs"])
    with mpl.rc_context(STYLE):
        for scenario in SCENARIOS:
            if shown := panels(results, scenario):
                columns = 1 if scenario == "resume" else 2
                _save(_panels_picture(shown, columns), folder / f"{scenario}.svg")
        lines = [growths(results, "room", figure, "connections") for figure in GROWING]
        if any(lines):
            _save(_growth_picture([each for each in lines if each]), folder / "growth.svg")


def _save(picture: Picture, path: Path) -> None:
    picture.savefig(path, metadata={"Date": None})


def _panels_picture(shown: list[Panel], columns: int) -> Picture:
    rows = [shown[n : n + columns] for n in range(0, len(shown), columns)]
    lines = [max(len(each.dots) for each in row) for row in rows]
    heights = [each * DOT_HEIGHT + HEAD_HEIGHT for each in lines]
    picture = Picture(figsize=(WIDTH, sum(heights)), layout="constrained")
    picture.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
    axes = picture.subplots(len(rows), columns, squeeze=False, height_ratios=heights)
    for ax in axes.flat[len(shown) :]:
        ax.set_visible(False)
    for n, (panel, ax) in enumerate(zip(shown, axes.flat, strict=False)):
        # Panels of one figure share an axis, so that they can be compared by eye.
        alike = [each for each in shown if panel.log and each.figure == panel.figure]
        _draw_panel(ax, panel, lines[n // columns], alike or [panel])
    return picture


def _draw_panel(ax: Axes, panel: Panel, lines: int, alike: list[Panel]) -> None:
    ax.set_title(panel.title, loc="left", fontsize=9, color=INK, pad=19)
    below = {"xytext": (0, 8), "textcoords": "offset points", "fontsize": 8, "color": MUTED}
    subtitle = ax.annotate(panel.subtitle, (0, 1), xycoords="axes fraction", **below)
    subtitle.set_in_layout(False)  # it may be wider than the axes
    ax.set_yticks(range(len(panel.dots)), [dot.label for dot in panel.dots], color=INK)
    ax.set_ylim(lines - 0.4, -0.6)
    _scale(ax, alike)
    ax.tick_params(length=0)
    if panel.bound:
        ax.axvline(panel.bound, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
    for y, dot in enumerate(panel.dots):
        _draw_dot(ax, y, dot)


def _draw_dot(ax: Axes, y: int, dot: Dot) -> None:
    ours = dot.contender == OURS
    style = {"fontsize": 8, "va": "center", "fontweight": "bold" if ours else "normal"}
    style["transform"] = ax.get_yaxis_transform()  # x = 1.03: right of the axes
    if dot.spread is None:
        ax.text(1.03, y, "void", color=MUTED, **style)
        return
    ax.axhline(y, color=LINE, linewidth=0.8, zorder=0)
    ax.text(1.03, y, written(dot.figure, dot.spread.median), color=INK, **style)
    ax.errorbar(
        dot.spread.median,
        y,
        xerr=[[dot.spread.median - dot.spread.low], [dot.spread.high - dot.spread.median]],
        fmt="o",
        markersize=8 if ours else 6,
        color=COLOURS[dot.contender],
        elinewidth=2,
        clip_on=False,
    )


def _scale(ax: Axes, alike: list[Panel]) -> None:
    """A logarithmic axis of whole decades, or a linear one from 0."""
    first = alike[0]
    spreads = [dot.spread for panel in alike for dot in panel.dots if dot.spread]
    highest = max([each.high for each in spreads] + [each.bound or 0.0 for each in alike])
    lowest = min([each.low for each in spreads], default=0.0)
    if first.log and lowest > 0:
        ax.set_xscale("log")
        ax.set_xlim(*decades(lowest, highest))
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        ax.set_xlim(0, highest * 1.04 or 1.0)
        ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(percent if first.figure == "due_share" else tick)


def _growth_picture(lines: list[list[Growth]]) -> Picture:
    """A row for each figure, a column for each number of talkers; connections on the x axis."""
    columns = STEPS["talking"]
    picture = Picture(figsize=(WIDTH, 2.1 * len(lines)), layout="constrained")
    axes = picture.subplots(len(lines), len(columns), squeeze=False, sharex=True, sharey="row")
    for found, row in zip(lines, axes, strict=True):
        pair = [each for each in found if each.contender in (OURS, node("room", {}))]
        for talking, ax in zip(columns, row, strict=True):
            _growth_axes(ax, pair)
            _draw_growths(ax, [each for each in pair if each.fixed == {"talking": talking}])
        row[0].set_ylabel(FIGURES[found[0].figure].title, color=INK, fontsize=8)
    for talking, ax in zip(columns, axes[0], strict=True):
        ax.set_title(f"{talking} talking", loc="left", fontsize=9, color=INK)
    for ax in axes[-1]:
        ax.set_xlabel("connections", color=MUTED, fontsize=8)
    picture.align_ylabels()
    return picture


def _growth_axes(ax: Axes, row: list[Growth]) -> None:
    steps, spreads = STEPS["connections"], [spread for line in row for _, spread in line.points]
    ax.set(xscale="log", yscale="log", xlim=(steps[0] / 1.4, steps[-1] * 7))  # * 7: for the names
    if spreads:
        low, high = decades(min(x.low for x in spreads), max(x.high for x in spreads))
        ax.set_ylim(low / 1.3, high * 1.3)
    ax.set_xticks(steps, [f"{x:,}" for x in steps])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(tick)
    ax.grid(axis="y", color=LINE, linewidth=0.8)
    ax.tick_params(length=0)
    ax.spines.bottom.set_visible(False)


def _draw_growths(ax: Axes, lines: list[Growth]) -> None:
    for n, line in enumerate(sorted(lines, key=lambda each: -each.points[-1][1].median)):
        xs, spreads = zip(*line.points, strict=True)
        ys = [each.median for each in spreads]
        errors = [[x.median - x.low for x in spreads], [x.high - x.median for x in spreads]]
        colour, width = COLOURS[line.contender], 2.2 if line.contender == OURS else 1.4
        ax.errorbar(xs, ys, yerr=errors, fmt="o-", markersize=4, color=colour, linewidth=width)
        # Names beside the ends, one above the other.
        name = {"xytext": (6, 5 - 10 * n), "textcoords": "offset points", "va": "center"}
        ax.annotate(TITLES[line.contender], (xs[-1], ys[-1]), color=colour, fontsize=8, **name)
