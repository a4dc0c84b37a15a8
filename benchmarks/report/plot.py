"""A picture of each scenario, as SVG."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import MaxNLocator, NullLocator

from benchmarks.report import panels
from benchmarks.report.derived import derived
from benchmarks.report.fold import OURS, Result, fold
from benchmarks.report.growth import growths
from benchmarks.report.ink import COLOURS, INK, LINE, MUTED, STYLE, WIDTH, decades, percent, short
from benchmarks.report.panels import Dot, Panel
from benchmarks.report.plot_growth import of_growth
from benchmarks.report.wording import written
from benchmarks.report.writing import RESULTS

DOT_HEIGHT, HEAD_HEIGHT = 0.23, 0.86  # inches a line, and what stands around a panel
GROWING = ("delivered_per_s", "p50_ms", "cpu_us_per_delivery")
PICTURES: dict[str, tuple[Callable[[list[Result]], list[Panel]], int]] = {
    "room": (panels.rooms, 2),
    "streams": (panels.streams, 2),
    "held": (panels.held, 2),
    "workers": (panels.workers, 2),
    "resume": (panels.resume, 1),
}


def draw(found: dict[str, Any], folder: Path = RESULTS) -> None:
    results = fold(derived(found["runs"]))
    with mpl.rc_context(STYLE):
        for name, (panels_of, columns) in PICTURES.items():
            if shown := panels_of(results):
                save(of_panels(shown, columns), folder / f"{name}.svg")
        lines = [growths(results, "room", figure, "connections") for figure in GROWING]
        if any(lines):
            save(of_growth([each for each in lines if each]), folder / "growth.svg")


def save(picture: Picture, path: Path) -> None:
    picture.savefig(path, metadata={"Date": None})


def of_panels(shown: list[Panel], columns: int) -> Picture:
    rows = [shown[n : n + columns] for n in range(0, len(shown), columns)]
    lines = [max(len(each.dots) for each in row) for row in rows]
    heights = [each * DOT_HEIGHT + HEAD_HEIGHT for each in lines]
    picture = Picture(figsize=(WIDTH, sum(heights)), layout="constrained")
    picture.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
    axes = picture.subplots(len(rows), columns, squeeze=False, height_ratios=heights)
    for ax in axes.flat[len(shown) :]:
        ax.set_visible(False)
    for n, (each, ax) in enumerate(zip(shown, axes.flat, strict=False)):
        draw_panel(ax, each, lines[n // columns], alike(shown, each))
    return picture


def alike(shown: list[Panel], panel: Panel) -> list[Panel]:
    """Those that have the same axis, so that they can be compared by eye."""
    return [each for each in shown if panel.log and each.figure == panel.figure] or [panel]


def draw_panel(ax: Axes, panel: Panel, lines: int, same_axis: list[Panel]) -> None:
    ax.set_title(panel.title, loc="left", fontsize=9, color=INK, pad=19)
    below = {"xytext": (0, 8), "textcoords": "offset points", "fontsize": 8, "color": MUTED}
    subtitle = ax.annotate(panel.subtitle, (0, 1), xycoords="axes fraction", **below)
    subtitle.set_in_layout(False)  # it may be wider than the axes
    ax.set_yticks(range(len(panel.dots)), [dot.label for dot in panel.dots], color=INK)
    ax.set_ylim(lines - 0.4, -0.6)
    scale(ax, same_axis)
    ax.tick_params(length=0)
    if panel.bound:
        ax.axvline(panel.bound, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
    for y, dot in enumerate(panel.dots):
        draw_dot(ax, y, dot)


def draw_dot(ax: Axes, y: int, dot: Dot) -> None:
    """The value stands at the right, where no dot can be under it."""
    ours = dot.contender == OURS
    says = {"fontsize": 8, "va": "center", "fontweight": "bold" if ours else "normal"}
    beside = {"transform": ax.get_yaxis_transform(), **says}
    if dot.spread is None:
        ax.text(1.03, y, "void", color=MUTED, **beside)
        return
    ax.axhline(y, color=LINE, linewidth=0.8, zorder=0)
    ax.text(1.03, y, written(dot.figure, dot.spread.median), color=INK, **beside)
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


def scale(ax: Axes, same_axis: list[Panel]) -> None:
    """Whole decades where contenders are factors apart, and otherwise from nothing on."""
    first = same_axis[0]
    spreads = [dot.spread for panel in same_axis for dot in panel.dots if dot.spread]
    highest = max([each.high for each in spreads] + [each.bound or 0.0 for each in same_axis])
    lowest = min([each.low for each in spreads], default=0.0)
    if first.log and lowest > 0:
        ax.set_xscale("log")
        ax.set_xlim(*decades(lowest, highest))
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        ax.set_xlim(0, highest * 1.04 or 1.0)
        ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(percent if first.figure == "due_share" else short)
