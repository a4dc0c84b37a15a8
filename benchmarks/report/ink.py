"""How pictures look: light paper of their own, so that they are read on dark pages, too. Pure."""

from math import ceil, floor, log10

PAPER, INK, MUTED, LINE = "#faf9f6", "#1d1c1a", "#6a665e", "#e5e1d9"
# Ours stands out; Node's share a hue, and so do those of Django.
COLOURS = {
    "twinstream": "#0b6e69",
    "ws": "#c17a12",
    "express": "#c17a12",
    "socketio": "#8a5a10",
    "tutorial": "#a5341f",
    "eventstream": "#a5341f",
    "starlette": "#5b6fa8",
    "nchan": "#6a665e",
}
WIDTH = 8.5  # inches, 816 px: what a README shows without scaling it
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


def short(value: float, _: object = None) -> str:
    """A number that a tick has room for."""
    for size, name in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{name}"
    return f"{value:g}"


def percent(value: float, _: object = None) -> str:
    return f"{value:.0%}".replace("%", " %")


def decades(lowest: float, highest: float) -> tuple[float, float]:
    """The whole decades around what lies between them: at least one, so that two ticks are seen."""
    low, high = floor(log10(lowest)), ceil(log10(highest))
    return 10.0**low, 10.0 ** max(high, low + 1)
