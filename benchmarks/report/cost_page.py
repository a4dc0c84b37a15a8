"""The costs of the site's parts as a page of Markdown. Pure."""

from typing import Any

from benchmarks.report.bench_page import machine_lines
from benchmarks.report.tables import table

SECTIONS = {
    "connections": "Idle connections",
    "messages_sqlite": "Messages, SQLite",
    "messages_postgresql": "Messages, PostgreSQL",
    "acks_full": "Acks, SQLite with SQLITE_SYNCHRONOUS=FULL",
    "acks_normal": "Acks, SQLite with SQLITE_SYNCHRONOUS=NORMAL",
    "texts": "Streamed characters",
    "presence": "Presence messages between workers",
}
METHOD = """\
µs are processor time. *per s*: for each second of wall time. *frame* and *delivery* are the
worker of the readers, *append* is the worker of the talkers; *append*, *database*, *redis* and
*publishes* are per entry. *ack* is the time from a message to its acknowledgement; each talker
sends its next message then. The columns have the names of the fields in cost.json."""


def cost_page(found: dict[str, Any]) -> str:
    parts = ["# What the site costs", "Written by `make cost`. docs/scaling.md uses these figures."]
    parts += ["\n".join(machine_lines(found["machine"])), METHOD]
    parts += [cost_section(name, found[name]) for name in SECTIONS if name in found]
    return "\n\n".join(parts) + "\n"


def cost_section(name: str, rows: list[dict[str, Any]]) -> str:
    heads = [
        " ".join("µs" if word == "us" else word for word in field.split("_")) for field in rows[0]
    ]
    return f"## {SECTIONS[name]}\n\n{table(heads, [row.values() for row in rows])}"
