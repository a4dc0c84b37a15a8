"""The numbers as people read them."""

from typing import Any

from benchmarks.markdown import table

# Under which names the columns stand, and with how many digits.
HELD = {
    "what": "what",
    "bytes": "bytes of memory",
    "opening_us": "µs to open",
    "idle_us_per_s": "µs a second, idle",
}
TALK = {
    "readers": "readers",
    "talkers": "talking",
    "deliveries": "deliveries",
    "entries_per_frame": "entries a frame",
    "frame_us": "µs a frame",
    "delivery_us": "µs a delivery",
    "delivery_bytes": "bytes a delivery",
    "append_us": "µs an append",
    "redis_us": "Redis µs",
    "publishes": "publishes",
    "redis_in_bytes": "Redis bytes in",
    "redis_out_bytes": "and out",
    "database_us": "PostgreSQL µs",
    "stored_bytes": "and bytes stored",
}
TEXTS = {
    "interval_ms": "ms a character",
    "readers": "readers",
    "characters": "characters",
    "characters_per_write": "characters a write",
    "write_us": "µs a write",
    "character_us": "µs a character",
    "reader_us_per_s": "µs a second and reader",
    "character_bytes": "bytes a character",
}
PRESENCE = {
    "people": "people",
    "messages_per_s": "messages a second",
    "bytes_per_person_per_s": "bytes a person and second",
    "hearing_us_per_person_per_s": "µs of each other worker a person and second",
    "redis_us_per_person_per_s": "Redis µs a person and second",
}
SECTIONS = {
    "held": ("Connections that are held", HELD),
    "talk_sqlite": ("Messages, SQLite", TALK),
    "talk_postgresql": ("Messages, PostgreSQL", TALK),
    "texts": ("Streamed characters", TEXTS),
    "presence": ("Presence, from worker to worker", PRESENCE),
}


def page(found: dict[str, Any]) -> str:
    """The whole of it, in Markdown."""
    parts = ["# What the site costs", "Written by `make cost`; docs/scaling.md reckons with it."]
    parts.append("\n".join(f"- {name}: {value}" for name, value in found["machine"].items()))
    for name, (title, columns) in SECTIONS.items():
        if name in found:
            rows = [[row[column] for column in columns] for row in found[name]]
            parts.append(f"## {title}\n\n{table(columns.values(), rows)}")
    return "\n\n".join(parts) + "\n"
