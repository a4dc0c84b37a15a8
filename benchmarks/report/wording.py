"""The titles of contenders, scenarios, rows and figures. Pure."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.report.results import Keys, Result
from benchmarks.report.tables import number, share, times

# In the order in which they are shown: ours, Node, Python, and nginx as the limit. With the
# colours of the pictures.
CONTENDERS = {
    "twinstream": ("Twinstream", "#0b6e69"),
    "ws": ("Node ws", "#c17a12"),
    "express": ("Node Express", "#c17a12"),
    "socketio": ("Socket.IO", "#8a5a10"),
    "tutorial": ("Channels tutorial", "#a5341f"),
    "eventstream": ("django-eventstream", "#a5341f"),
    "starlette": ("Starlette", "#5b6fa8"),
    "nchan": ("nginx with nchan", "#6a665e"),
}
TITLES = {name: title for name, (title, _) in CONTENDERS.items()}
COLOURS = {name: colour for name, (_, colour) in CONTENDERS.items()}
KINDS = {"socket": "idle sockets", "stream": "open streams"}


def position(contender: str) -> int:
    """Its place among the contenders of a table."""
    return list(TITLES).index(contender)


@dataclass(frozen=True)
class Figure:
    title: str
    written: Callable[[float], str] = number
    more_is_better: bool = False
    log: bool = True  # scale of its picture: contenders differ by factors


FIGURES = {
    "p50_ms": Figure("p50, ms"),
    "p99_ms": Figure("p99, ms"),
    "delivered_per_s": Figure("deliveries per second", more_is_better=True),
    "cpu_us_per_delivery": Figure("CPU µs per delivery"),
    "due_share": Figure("events at most 250 ms late", share, more_is_better=True, log=False),
    "p99_late_ms": Figure("p99 lateness, ms"),
    "p99_uneven_ms": Figure("p99 unevenness, ms"),
    "events_per_s": Figure("events per second", more_is_better=True),
    "bytes_per_connection": Figure("bytes per connection", log=False),
    "streams_on_time": Figure("streams on time", more_is_better=True),
    "head_ms": Figure("ms to the newest entry"),
    "all_ms": Figure("ms to all entries"),
    "others_p99_ms": Figure("others' p99 during it, ms"),
    "quiet_p99_ms": Figure("others' p99 before it, ms"),
    "slowdown": Figure("others' p99, during : before", times),
}


@dataclass(frozen=True)
class Scenario:
    title: str
    description: str
    figures: tuple[str, ...]
    compared: tuple[str, ...]  # the figures with a column for the ratio to the reference
    row_keys: tuple[str, ...] = ()  # keys that differ within one table


SCENARIOS = {
    "room": Scenario(
        "Rooms",
        "All connections of a room receive each message. A talker sends its next message when the "
        "last one has come back; this round trip is the latency.",
        ("p50_ms", "p99_ms", "delivered_per_s", "cpu_us_per_delivery"),
        ("p50_ms", "delivered_per_s", "cpu_us_per_delivery"),
    ),
    "streams": Scenario(
        "Text streams",
        "Each stream sends one character per interval as a server-sent event. Lateness: the time "
        "from an event's due time, in the schedule of the whole stream, to its arrival. "
        "Unevenness: the same, in the best schedule of each second alone, so that a timer that "
        "drifts evenly is not uneven.",
        ("due_share", "p99_late_ms", "p99_uneven_ms", "events_per_s", "cpu_us_per_delivery"),
        ("p99_late_ms",),
    ),
    "memory": Scenario(
        "Memory",
        "Connections are opened and stay idle. The figure is the growth of the private memory of "
        "the server processes per connection; Redis is not counted.",
        ("bytes_per_connection",),
        ("bytes_per_connection",),
    ),
    "workers": Scenario(
        "Two workers against one",
        "The same room, or the same streams, on one worker and spread over two.",
        ("delivered_per_s", "cpu_us_per_delivery", "due_share", "streams_on_time"),
        ("delivered_per_s", "cpu_us_per_delivery", "streams_on_time"),
        ("workers",),
    ),
    "resume": Scenario(
        "Resuming",
        "Readers come back to a room with many entries that they missed, while others talk in it.",
        ("head_ms", "all_ms", "others_p99_ms", "quiet_p99_ms", "slowdown"),
        (),
    ),
}


def rows_by_title(results: list[Result], name: str) -> dict[str, list[Result]]:
    """The results of a scenario: those of each row, ours first."""
    rows: dict[str, list[Result]] = defaultdict(list)
    for result in sorted(
        (each for each in results if each.scenario == name and each.contender in TITLES),
        key=lambda each: (position(each.contender), each.keys.get("workers", 0)),
    ):
        keys = {k: v for k, v in result.keys.items() if k not in SCENARIOS[name].row_keys}
        rows[row_title(name, keys)].append(result)
    return rows


def row_label(result: Result) -> str:
    """What tells a result from the others of its row."""
    count = result.keys.get("workers")
    return TITLES[result.contender] + (f", {count} worker{'s' * (count > 1)}" if count else "")


def row_title(scenario: str, keys: Keys) -> str:
    """A row in words. `keys` may lack some of the row's keys."""
    if scenario == "workers":
        count = ("", "one worker, ", "two workers, ")[keys.get("workers", 0)]
        if "connections" not in keys:
            return count + ("text streams" if keys.get("kind") else "a room")
        return count + (_streams(keys) if keys.get("kind") else _room(keys))
    if scenario == "resume":
        readers = f", {keys['readers']:,} readers" if "readers" in keys else ""
        return f"{keys['missed']:,} entries to resume{readers}"
    if scenario == "memory":
        return f"{keys['connections']:,} {KINDS[keys['kind']]}"
    return _room(keys) if scenario == "room" else _streams(keys)


def _room(keys: Keys) -> str:
    return f"room of {keys['connections']:,}, {keys['talking']:,} talking"


def _streams(keys: Keys) -> str:
    interval = f", a character every {keys['interval_ms']} ms" if "interval_ms" in keys else ""
    return f"{keys['connections']:,} streams{interval}"


def written(figure: str, value: float) -> str:
    return FIGURES[figure].written(float(value))
