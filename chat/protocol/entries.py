"""Entries as JSON text. Each is encoded once, and that text is sent to every reader."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

# Characters of the entries in one frame or page. Daphne closes the connection above 1 MiB, and a
# character may take four bytes.
MAX_FRAME_CHARACTERS = 192 * 1024


def count_for_frame(found: Sequence[str]) -> int:
    """How many of the encoded entries, from the first, fit into one frame: at least one."""
    size = 0
    for count, entry in enumerate(found):
        size += len(entry)
        if count and size > MAX_FRAME_CHARACTERS:
            return count
    return len(found)


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(
    *,
    seq: int,
    kind: str,
    author_key: str,
    author_name: str,
    at: datetime,
    cid: str,
    body: str,
    ref: int | None = None,
    reply_to: int | None = None,
    edited_at: datetime | None = None,
    deleted: bool = False,
) -> str:
    """An entry as every transport sends it."""
    fields: dict[str, Any] = {
        "seq": seq,
        "kind": kind,
        "author": {"key": author_key, "name": author_name},
        "at": timestamp(at),
        "cid": cid,
        "body": body,
    }
    if ref is not None:
        fields["ref"] = ref
    if reply_to is not None:
        fields["reply_to"] = reply_to
    if edited_at is not None:
        fields["edited_at"] = timestamp(edited_at)
    if deleted:
        fields["deleted"] = True
    return _dumps(fields)


def change_of(entry: str) -> Mapping[str, Any] | None:
    """The fields of an edit or delete; None if the entry is a message."""
    # A message never has this key. A body cannot imitate it, since its quotes are escaped.
    return json.loads(entry) if '"ref":' in entry else None


def may_alter(change: Mapping[str, Any], seq: int, entry: str) -> bool:
    """Whether `apply_change` may return another entry. Cheap: it does not decode the entry."""
    if change["kind"] == "edit":
        return bool(seq == change["ref"])
    return seq == change["ref"] or f'"ref":{change["ref"]}' in entry


def apply_change(entry: str, change: Mapping[str, Any]) -> str:
    """The entry after an edit or a delete, as the database has it then. A delete empties the
    message and its earlier edits. An entry that the change does not concern is returned as it
    is."""
    fields = json.loads(entry)
    deletion = change["kind"] == "delete"
    if fields["seq"] == change["ref"]:
        edited = {"body": change["body"], "edited_at": change["at"]}
        fields |= {"body": "", "deleted": True} if deletion else edited
    elif deletion and fields.get("ref") == change["ref"]:
        fields["body"] = ""
    else:
        return entry
    return _dumps(fields)


def text_line(entry: str) -> tuple[str, str] | None:
    """The cid of a message, and the line that the plain-text socket sends for it. None for edits,
    deletes and deleted messages."""
    fields = json.loads(entry)
    if fields["kind"] != "say" or fields.get("deleted"):
        return None
    return fields["cid"], f"{fields['author']['name']}: {fields['body']}"


# Made once: `json.dumps` with options makes an encoder on each call.
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
