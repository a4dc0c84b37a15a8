"""docs/protocol.md is whole: it has every type, code and limit, and gives their values."""

import ast
import json
import pkgutil
import re
from pathlib import Path

import pytest

from chat.protocol import frames
from chat.transports import base_socket, http_common
from tests.protocol import document, wire

ROOT = Path(__file__).resolve().parents[2]
TEXT = document.PATH.read_text()
SECTIONS = document.sections(TEXT)
SOURCES = [p for package in ("chat", "streaming", "config") for p in (ROOT / package).rglob("*.py")]
WHOLE = r'whole\("([A-Z_]+)", ([\d_]+)'
DEFAULTS = {n: int(v) for n, v in re.findall(WHOLE, (ROOT / "config/settings.py").read_text())}
# Whatever tells a client why not: by its first word that is one.
REFUSALS = {"Refused", "FrameError", "Refusal", "_error", "_refusal"}


def exchanged(arrow):
    """The frames that the examples show in one direction."""
    for section in SECTIONS:
        for block in section.blocks:
            for line in wire.lines(block) if block.kind == "wire" else ():
                match = wire.LINE.fullmatch(line)
                if match and match["verb"] == arrow:
                    yield re.sub(r"^\d+ times ", "", match["what"] or "")


def answered():
    """What the examples of HTTP show."""
    return "".join(b.text for s in SECTIONS for b in s.blocks if b.kind == "http")


def calls(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else function
            yield getattr(name, "id", name), node.args


def said(path):
    """The types of the frames that a module sends."""
    for name, arguments in calls(path):
        at = {"encode": 0, "Whisper": 1}.get(name)
        if at is not None and len(arguments) > at and isinstance(arguments[at], ast.Constant):
            yield arguments[at].value
    yield from re.findall(r'{"type": "(\w+)"', path.read_text())


def refused(path):
    """The codes with which a module refuses."""
    for name, arguments in calls(path):
        words = [a.value for a in arguments if isinstance(a, ast.Constant)]
        if name in REFUSALS:
            yield from [word for word in words if isinstance(word, str)][:1]


def test_every_command_is_sent():
    assert {wire.type_of(text) for text in exchanged("→")} >= set(frames.COMMANDS)


def test_every_frame_is_received():
    types = {type for path in SOURCES if "chat" in path.parts for type in said(path)}
    assert types >= {"welcome", "events", "page", "presence", "typing", "read", "bye"}
    shown = {wire.type_of(text) for text in exchanged("←")}
    assert shown - {None} == types


def codes():
    return {row[0]: row[1:] for row in document.table(TEXT, "Errors")}


def test_every_error_code_is_listed_and_no_other():
    found = {code for path in SOURCES for code in refused(path) if re.fullmatch("[a-z_]+", code)}
    assert found >= set(http_common.STATUSES)
    assert set(codes()) == found


def test_the_statuses_are_those_that_are_sent():
    listed = {code: row[0] for code, row in codes().items() if code in http_common.STATUSES}
    expected = {code: str(status) for code, status in http_common.STATUSES.items()}
    expected["forbidden"] += f", {http_common.SESSION_ENDED}"
    assert listed == expected


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_error_code_has_an_example(code):
    sent = [json.loads(text) for text in exchanged("←") if wire.type_of(text) in ("error", "bye")]
    over_sockets = {frame.get("code", frame.get("reason")) for frame in sent}
    assert code in over_sockets or f'"code":"{code}"' in answered().replace('": "', '":"')


def test_every_close_code_is_listed_and_shown():
    names = ("RESTART", "PROTOCOL", "SESSION_ENDED", "FORBIDDEN", "NOT_FOUND", "SILENT", "FLOODING")
    ours = {str(getattr(base_socket, name)) for name in names}
    source = (ROOT / "chat" / "transports" / "base_socket.py").read_text()
    in_source = set(re.findall(r"\b4\d\d\d\b", source))
    assert in_source | {str(base_socket.RESTART)} == ours
    listed = {row[0] for row in document.table(TEXT, "Close codes")}
    assert listed == ours | {"1001, 1006"}
    assert set(exchanged("closed")) == ours


def limits():
    """What is listed and what is so, before any test changes it. Of what an operator sets, the
    default."""
    for _, listed, name in document.table(TEXT, "Limits"):
        default = DEFAULTS.get(name.rpartition(".")[2])
        yield pytest.param(listed, default or pkgutil.resolve_name(name), id=name)


@pytest.mark.parametrize(("listed", "value"), list(limits()))
def test_a_limit_has_the_value_that_is_listed(listed, value):
    numbers = [float(n.replace(",", "")) for n in re.findall(r"[\d,]*\d(?:\.\d+)?", listed)]
    assert numbers == [float(n) for n in (value if isinstance(value, tuple) else [value])]


def test_every_kind_of_event_is_shown():
    kinds = set(re.findall(r"^event: (\w+)$", answered(), re.MULTILINE))
    assert kinds == {"meta", "letter", "done", "say", "edit", "delete", "ping", "reset"}
