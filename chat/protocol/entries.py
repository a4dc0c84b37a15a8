"""An entry in its encoded form: JSON text, made once and sent to every reader."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

# Characters of entries in one frame or page. Far below the 1 MiB at which Daphne drops a frame,
# though a character may take four bytes.
FRAME_SIZE = 192 * 1024


def fitting(found: Sequence[str]) -> int:
    """How many of the encoded entries, from the first, go into one frame: at least one."""
    size = 0
    for count, entry in enumerate(found):
        size += len(entry)
        if count and size > FRAME_SIZE:
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
    """An entry as every tap sends it."""
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


def change(entry: str) -> Mapping[str, Any] | None:
    """The fields of an entry that changes another; None where it does not."""
    # A say never has this key, and a body cannot forge it: quotes in it are escaped.
    return json.loads(entry) if '"ref":' in entry else None


def may_concern(change: Mapping[str, Any], seq: int, entry: str) -> bool:
    """Whether `folded` may make another of an entry; seen without decoding it."""
    if change["kind"] == "edit":
        return bool(seq == change["ref"])
    return seq == change["ref"] or f'"ref":{change["ref"]}' in entry


def folded(entry: str, change: Mapping[str, Any]) -> str:
    """An entry after an edit or a delete, as the database has it then. A deletion empties the
    earlier edits as well as the entry itself; what it does not concern comes back as it was."""
    fields = json.loads(entry)
    deletion = change["kind"] == "delete"
    if fields["seq"] == change["ref"]:
        news = {"body": change["body"], "edited_at": change["at"]}
        fields |= {"body": "", "deleted": True} if deletion else news
    elif deletion and fields.get("ref") == change["ref"]:
        fields["body"] = ""
    else:
        return entry
    return _dumps(fields)


def line(entry: str) -> tuple[str, str] | None:
    """An entry's cid and what the plain-text socket says of it; None if it says nothing."""
    fields = json.loads(entry)
    if fields["kind"] != "say" or fields.get("deleted"):
        return None
    return fields["cid"], f"{fields['author']['name']}: {fields['body']}"


# One for all: `json.dumps` makes another each time.
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
