"""What grows how, drawn."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import NullLocator

from benchmarks.report.fold import OURS, node
from benchmarks.report.growth import STEPS, Growth
from benchmarks.report.ink import COLOURS, INK, LINE, MUTED, WIDTH, decades, short
from benchmarks.report.wording import FIGURES, TITLES


def of_growth(lines: list[list[Growth]]) -> Picture:
    """Small multiples: along each the connections, from one to the next those who talk."""
    columns = STEPS["talking"]
    picture = Picture(figsize=(WIDTH, 2.1 * len(lines)), layout="constrained")
    axes = picture.subplots(len(lines), len(columns), squeeze=False, sharex=True, sharey="row")
    for found, row in zip(lines, axes, strict=True):
        pair = [each for each in found if each.contender in (OURS, node("room", {}))]
        for talking, ax in zip(columns, row, strict=True):
            frame(ax, pair)
            draw_lines(ax, [each for each in pair if each.fixed == {"talking": talking}])
        row[0].set_ylabel(FIGURES[found[0].figure].title, color=INK, fontsize=8)
    for talking, ax in zip(columns, axes[0], strict=True):
        ax.set_title(f"{talking} talking", loc="left", fontsize=9, color=INK)
    for ax in axes[-1]:
        ax.set_xlabel("connections", color=MUTED, fontsize=8)
    picture.align_ylabels()
    return picture


def frame(ax: Axes, row: list[Growth]) -> None:
    """Room is left at the right, for the names."""
    steps, spreads = STEPS["connections"], [spread for line in row for _, spread in line.points]
    ax.set(xscale="log", yscale="log", xlim=(steps[0] / 1.4, steps[-1] * 7))
    if spreads:
        low, high = decades(min(x.low for x in spreads), max(x.high for x in spreads))
        ax.set_ylim(low / 1.3, high * 1.3)
    ax.set_xticks(steps, [f"{x:,}" for x in steps])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(short)
    ax.grid(axis="y", color=LINE, linewidth=0.8)
    ax.tick_params(length=0)
    ax.spines.bottom.set_visible(False)


def draw_lines(ax: Axes, lines: list[Growth]) -> None:
    """The names stand beside the ends; where these meet, one above the other."""
    for n, line in enumerate(sorted(lines, key=lambda each: -each.points[-1][1].median)):
        xs, spreads = zip(*line.points, strict=True)
        ys = [each.median for each in spreads]
        errors = [[x.median - x.low for x in spreads], [x.high - x.median for x in spreads]]
        colour, width = COLOURS[line.contender], 2.2 if line.contender == OURS else 1.4
        ax.errorbar(xs, ys, yerr=errors, fmt="o-", markersize=4, color=colour, linewidth=width)
        name = {"xytext": (6, 5 - 10 * n), "textcoords": "offset points", "va": "center"}
        ax.annotate(TITLES[line.contender], (xs[-1], ys[-1]), color=colour, fontsize=8, **name)
