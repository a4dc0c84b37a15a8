"""What a client makes of the entries that it receives: the rows that its person sees.

Independent of the server's own folding, which it checks.
"""

from collections.abc import Iterable
from typing import Any

# What no edit and no deletion changes.
LASTING = ("seq", "kind", "author", "at", "cid", "ref", "reply_to")


def folded(entries: Iterable[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The rows by their seq, after entries in the order of the log. One may have come in the
    form that it has after later ones; these then change it to what it is already."""
    rows: dict[int, dict[str, Any]] = {}
    for entry in entries:
        if entry["kind"] == "say":
            rows[entry["seq"]] = dict(entry)
        elif row := rows.get(entry["ref"]):
            row |= change(entry)
    return rows


def told(entries: Iterable[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The rows by their seq as the server tells them to who comes only now: it has folded them."""
    return {entry["seq"]: entry for entry in entries if entry["kind"] == "say"}


def change(entry: dict[str, Any]) -> dict[str, Any]:
    """What an edit or a deletion makes of the row that it refers to."""
    if entry["kind"] == "delete":
        return {"body": "", "deleted": True}
    return {"body": entry["body"], "edited_at": entry["at"]}


def lasting(entry: dict[str, Any]) -> dict[str, Any]:
    """The part of an entry that every reader has alike, whenever it came."""
    return {name: entry[name] for name in LASTING if name in entry}
