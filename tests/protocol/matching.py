"""Compares received data with an example of docs/protocol.md."""

import json
import re
from collections.abc import Iterator
from typing import Any

# Fields whose values differ from run to run, and the pattern of their values.
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
VARIABLE = {"at": MOMENT, "edited_at": MOMENT, "retry_after_ms": r"\d{1,5}"}
CLOCK = {"ping": "ts"}  # type of frame → a field with any number
ANYTHING = "…"


def differences(shown: Any, came: Any, where: str = "", type: str = "") -> Iterator[str]:
    """Yields a sentence for each difference between the example and the received value."""
    if isinstance(shown, dict) and isinstance(came, dict):
        yield from _object_differences(shown, came, where)
    elif isinstance(shown, list) and isinstance(came, list) and len(shown) == len(came):
        for index, (one, other) in enumerate(zip(shown, came, strict=True)):
            yield from differences(one, other, f"{where}[{index}]")
    elif not _same(shown, came, where.rpartition(".")[2], type):
        yield f"{where or 'it'} is shown as {shown!r} and came as {came!r}"


def _object_differences(shown: dict[str, Any], came: dict[str, Any], where: str) -> Iterator[str]:
    for name in came.keys() - shown.keys():
        yield f"{where}.{name} came and is not shown: {came[name]!r}"
    for name in shown.keys() - came.keys():
        yield f"{where}.{name} is shown and did not come"
    for name in shown.keys() & came.keys():
        yield from differences(shown[name], came[name], f"{where}.{name}", came.get("type"))


def _same(shown: Any, came: Any, name: str, type: str) -> bool:
    if shown.__class__ is not came.__class__:
        return False
    if name in VARIABLE:
        return all(re.fullmatch(VARIABLE[name], str(value)) for value in (shown, came))
    if CLOCK.get(type) == name:
        return True
    return bool(matches_shown(shown, came)) if isinstance(shown, str) else shown == came


def matches_shown(shown: str, came: str) -> bool:
    """Whether a text equals the shown one, where an ellipsis stands for any text."""
    pattern = ".+".join(re.escape(part) for part in shown.split(ANYTHING))
    return re.fullmatch(pattern, came, re.DOTALL) is not None


def text_differences(shown: str, came: str) -> list[str]:
    """The differences of two texts. If both are JSON, their values are compared."""
    try:
        pair = json.loads(shown), json.loads(came)
    except ValueError:
        return [] if matches_shown(shown, came) else [f"{shown!r} is shown, and {came!r} came"]
    return list(differences(*pair))
