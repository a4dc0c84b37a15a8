"""What contenders, scenarios and figures are called, and how a figure is written. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.markdown import shown
from benchmarks.report.fold import Spread

# In the order in which they are shown: ours, Node's, Python's, and the limit.
TITLES = {
    "twinstream": "Twinstream",
    "ws": "Node ws",
    "express": "Node Express",
    "socketio": "Socket.IO",
    "tutorial": "Channels tutorial",
    "eventstream": "django-eventstream",
    "starlette": "Starlette",
    "nchan": "nginx with nchan",
}
KIND = {"socket": "idle sockets", "stream": "open streams"}


def share(value: float) -> str:
    return f"{value:.2%}".replace("%", " %")


def times(value: float) -> str:
    return f"{value:.2g}×" if value < 0.1 else f"{value:.2f}×" if value < 10 else f"{value:,.0f}×"


def place(contender: str) -> int:
    """Where it stands among the others."""
    return list(TITLES).index(contender)


@dataclass(frozen=True)
class Figure:
    title: str
    written: Callable[[float], str] = shown
    more: bool = False  # is better
    log: bool = True  # drawn so where contenders are compared: they are factors apart


FIGURES = {
    "p50_ms": Figure("p50, ms"),
    "p99_ms": Figure("p99, ms"),
    "delivered_per_s": Figure("delivered a second", more=True),
    "cpu_us_per_delivery": Figure("µs of CPU a delivery"),
    "due_share": Figure("due events within 250 ms", share, more=True, log=False),
    "p99_late_ms": Figure("p99 lateness, ms"),
    "p99_uneven_ms": Figure("p99 unevenness, ms"),
    "events_per_s": Figure("events a second", more=True),
    "bytes_per_connection": Figure("bytes a connection", log=False),
    "streams_held": Figure("streams held", more=True),
    "head_ms": Figure("ms to a reader's head"),
    "all_ms": Figure("ms to read all"),
    "others_p99_ms": Figure("others' p99 meanwhile, ms"),
    "quiet_p99_ms": Figure("their p99 otherwise, ms"),
    "slowing": Figure("others' p99, of the quiet one", times),
}


@dataclass(frozen=True)
class Scenario:
    title: str
    does: str
    figures: tuple[str, ...]
    compared: tuple[str, ...]  # the figures whose ratio to the reference is shown
    in_row: tuple[str, ...] = ()  # keys that tell the rows of one table apart


SCENARIOS = {
    "room": Scenario(
        "Rooms",
        "Everybody in a room gets each message; each who talks sends the next one when the own "
        "one has come back, and that way is what is timed.",
        ("p50_ms", "p99_ms", "delivered_per_s", "cpu_us_per_delivery"),
        ("p50_ms", "delivered_per_s", "cpu_us_per_delivery"),
    ),
    "streams": Scenario(
        "Text streams",
        "Each stream is told one character per interval over Server-Sent Events; an event is "
        "late by what it comes after its time. It is uneven by what it comes after the best even "
        "pace of its own second, which forgives who is evenly slow, as a timer that drifts.",
        ("due_share", "p99_late_ms", "p99_uneven_ms", "events_per_s", "cpu_us_per_delivery"),
        ("p99_late_ms",),
    ),
    "held": Scenario(
        "Connections that are held",
        "So many connections are opened and say nothing. What is shown is by how much the private "
        "memory of the server's processes grew for each; Redis is not counted.",
        ("bytes_per_connection",),
        ("bytes_per_connection",),
    ),
    "workers": Scenario(
        "Two workers against one",
        "The same room, or the same streams, on one worker and spread over two.",
        ("delivered_per_s", "cpu_us_per_delivery", "due_share", "streams_held"),
        ("delivered_per_s", "cpu_us_per_delivery", "streams_held"),
        ("workers",),
    ),
    "resume": Scenario(
        "Resuming",
        "Readers come back to a room in which much was said without them, while others talk on.",
        ("head_ms", "all_ms", "others_p99_ms", "quiet_p99_ms", "slowing"),
        (),
    ),
}


def row_title(scenario: str, keys: dict[str, Any]) -> str:
    """A row of a scenario, in words. Targets name some of its keys only."""
    if scenario == "workers":
        return _workers(keys)
    if scenario == "resume":
        readers = f", {keys['readers']:,} readers" if "readers" in keys else ""
        return f"{keys['missed']:,} entries to resume{readers}"
    if scenario == "held":
        return f"{keys['connections']:,} {KIND[keys['kind']]}"
    return _room(keys) if scenario == "room" else _streams(keys)


def _room(keys: dict[str, Any]) -> str:
    return f"room of {keys['connections']:,}, {keys['talking']:,} talking"


def _streams(keys: dict[str, Any]) -> str:
    pace = f", a character every {keys['interval_ms']} ms" if "interval_ms" in keys else ""
    return f"{keys['connections']:,} streams{pace}"


def _workers(keys: dict[str, Any]) -> str:
    count = ("", "one worker, ", "two workers, ")[keys.get("workers", 0)]
    if "connections" not in keys:
        return count + ("text streams" if keys.get("kind") else "a room")
    return count + (_streams(keys) if keys.get("kind") else _room(keys))


def written(figure: str, value: float) -> str:
    return FIGURES[figure].written(float(value))


def with_spread(form: Callable[[float], str], spread: Spread | None) -> str:
    """The median, and in brackets the lowest and the highest round."""
    if spread is None:
        return "–"
    middle, low, high = (form(float(x)) for x in (spread.median, spread.low, spread.high))
    return middle if low == high else f"{middle} ({low} – {high})"
