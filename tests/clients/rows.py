"""The messages that a client shows after it has received entries.

Written without the server's code, so that tests can compare the two.
"""

from collections.abc import Iterable
from typing import Any

# Fields that no edit and no deletion changes.
IMMUTABLE = ("seq", "kind", "author", "at", "cid", "ref", "reply_to")


def client_rows(entries: Iterable[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The messages by their seq, after entries in the order of the log. A message may already
    contain a later edit; to apply that edit again changes nothing."""
    rows: dict[int, dict[str, Any]] = {}
    for entry in entries:
        if entry["kind"] == "say":
            rows[entry["seq"]] = dict(entry)
        elif row := rows.get(entry["ref"]):
            row |= change(entry)
    return rows


def server_rows(entries: Iterable[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The messages by their seq as the server sends them to a new client: with all changes."""
    return {entry["seq"]: entry for entry in entries if entry["kind"] == "say"}


def change(entry: dict[str, Any]) -> dict[str, Any]:
    """The fields that an edit or a deletion changes in its message."""
    if entry["kind"] == "delete":
        return {"body": "", "deleted": True}
    return {"body": entry["body"], "edited_at": entry["at"]}


def immutable_fields(entry: dict[str, Any]) -> dict[str, Any]:
    """The fields of an entry that are the same for every reader at any time."""
    return {name: entry[name] for name in IMMUTABLE if name in entry}
