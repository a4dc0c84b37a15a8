"""docs/protocol.md lists every type of frame, error code, close code and limit, with its value."""

import ast
import json
import pkgutil
import re
from pathlib import Path

import pytest

from chat.protocol import commands
from realtime.errors import ERRORS, CloseCode
from tests.protocol import document, socket_examples

ROOT = Path(__file__).resolve().parents[2]
TEXT = document.PATH.read_text()
SECTIONS = document.sections(TEXT)
PACKAGES = ("chat", "streaming", "realtime", "config")
SOURCES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
WHOLE = r'whole\("([A-Z_]+)", ([\d_]+)'
DEFAULTS = {n: int(v) for n, v in re.findall(WHOLE, (ROOT / "config/settings.py").read_text())}
# Exceptions whose first argument is a key of `ERRORS`.
EXCEPTIONS = {"Refused", "FrameError"}
CLOSE_CODES = {value for name, value in vars(CloseCode).items() if name.isupper()}


def frames_shown(arrow):
    """The frames of the examples in a direction: →, ← or closed."""
    for section in SECTIONS:
        for block in section.blocks:
            for line in socket_examples.lines(block) if block.kind == "wire" else ():
                match = socket_examples.LINE.fullmatch(line)
                if match and match["verb"] == arrow:
                    yield re.sub(r"^\d+ times ", "", match["what"] or "")


def answers_shown():
    """All HTTP answers of the examples, as one text."""
    return "".join(b.text for s in SECTIONS for b in s.blocks if b.kind == "http")


def calls(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else function
            yield getattr(name, "id", name), node.args


def types_sent(path):
    """The types of the frames that a module sends."""
    for name, arguments in calls(path):
        at = {"encode": 0, "EphemeralEvent": 1}.get(name)
        if at is not None and len(arguments) > at and isinstance(arguments[at], ast.Constant):
            yield arguments[at].value
    yield from re.findall(r'{"type": "(\w+)"', path.read_text())
    yield from re.findall(r'"type": "(error)"', path.read_text())


def codes_raised(path):
    """The error codes that a module raises."""
    for name, arguments in calls(path):
        if name in EXCEPTIONS and arguments and isinstance(arguments[0], ast.Constant):
            yield arguments[0].value


def test_an_example_sends_every_command():
    assert {socket_examples.type_of(text) for text in frames_shown("→")} >= set(commands.COMMANDS)


def test_an_example_shows_every_type_of_frame():
    paths = [*(ROOT / "chat").rglob("*.py"), ROOT / "realtime" / "errors.py"]
    types = {type for path in paths for type in types_sent(path)}
    assert types >= {"welcome", "events", "page", "presence", "typing", "read", "bye"}
    shown = {socket_examples.type_of(text) for text in frames_shown("←")}
    assert shown - {None} == types


def codes():
    return {row[0]: row[1:] for row in document.table(TEXT, "Errors")}


def test_the_code_raises_every_error_of_the_table_and_no_other():
    assert {code for path in SOURCES for code in codes_raised(path)} == set(ERRORS)


def test_the_document_lists_every_error_code_with_its_statuses():
    expected = {}
    for error in ERRORS.values():
        expected.setdefault(error.wire_code, set()).add(str(error.status))
    assert {code: set(row[0].split(", ")) for code, row in codes().items()} == expected


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_error_code_has_an_example(code):
    sent = [
        json.loads(text)
        for text in frames_shown("←")
        if socket_examples.type_of(text) in ("error", "bye")
    ]
    over_sockets = {frame.get("code", frame.get("reason")) for frame in sent}
    assert code in over_sockets or f'"code":"{code}"' in answers_shown().replace('": "', '":"')


def test_every_close_code_is_listed_and_shown():
    ours = {str(code) for code in CLOSE_CODES}
    listed = {row[0] for row in document.table(TEXT, "Close codes")}
    assert listed == ours | {"1001, 1006"}
    assert set(frames_shown("closed")) == ours


def test_the_error_table_has_every_close_code_except_the_one_for_silence():
    assert {error.close_code for error in ERRORS.values()} == CLOSE_CODES - {CloseCode.SILENT}


def test_close_codes_are_defined_in_one_module_only():
    for path in SOURCES:
        if path != ROOT / "realtime" / "errors.py" and "migrations" not in path.parts:
            assert not re.findall(r"\b44\d\d\b", path.read_text()), path


def limits():
    """Pairs of a listed limit and its value in the source. For a setting, its default."""
    for _, listed, name in document.table(TEXT, "Limits"):
        default = DEFAULTS.get(name.rpartition(".")[2])
        yield pytest.param(listed, default or pkgutil.resolve_name(name), id=name)


@pytest.mark.parametrize(("listed", "value"), list(limits()))
def test_a_listed_limit_has_the_value_in_the_source(listed, value):
    numbers = [float(n.replace(",", "")) for n in re.findall(r"[\d,]*\d(?:\.\d+)?", listed)]
    assert numbers == [float(n) for n in (value if isinstance(value, tuple) else [value])]


def test_an_example_shows_every_kind_of_event():
    kinds = set(re.findall(r"^event: (\w+)$", answers_shown(), re.MULTILINE))
    assert kinds == {"meta", "letter", "done", "say", "edit", "delete", "ping", "reset"}
