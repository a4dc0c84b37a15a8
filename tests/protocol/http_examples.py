"""Runs the HTTP examples of docs/protocol.md in a shell, and compares their output."""

import asyncio
import re
from pathlib import Path

from tests.protocol import matching
from tests.protocol.cursors import Cursors
from tests.protocol.document import Block
from tests.protocol.example_site import ExampleSite

SHOWN_URL = "http://localhost:8000"
CURL_TIMED_OUT = 28


async def run(command: str, example_site: ExampleSite, folder: Path) -> str:
    """Runs a command and returns its output. A stream may be ended by `--max-time`."""
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        example_site.cursors.with_real(command).replace(SHOWN_URL, example_site.worker.url),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert process.returncode == 0 or (
        process.returncode == CURL_TIMED_OUT and "--max-time" in command
    ), f"{command}: {process.returncode} {error.decode()}"
    return out.decode(errors="replace")  # a WebSocket handshake is followed by a binary frame


def compare(block: Block, came: str, cursors: Cursors) -> None:
    """Compares an answer with the shown one, which may omit headers."""
    cursors.learn(block.text, came)
    shown_head, shown_body = parts(cursors.with_real(block.text).strip("\n"))
    head, body = parts(came.replace("\r\n", "\n"))
    assert head[0].split()[:2] == shown_head[0].split()[:2], came
    for header in shown_head[1:]:
        assert any(matching.matches_shown(header.lower(), line.lower()) for line in head[1:]), (
            f"{header} in {head}"
        )
    found = body_differences(shown_body, body)
    assert not found, f"{found}, in {came}"


def parts(text: str) -> tuple[list[str], str]:
    """The lines of the head of an answer, and its body."""
    head, _, body = text.partition("\n\n")
    return head.splitlines(), body


def body_differences(shown: str, came: str) -> list[str]:
    if re.match("retry: ", shown):
        return list(
            stream_differences(shown.strip("\n").split("\n\n"), came.strip("\n").split("\n\n"))
        )
    if shown.startswith("{"):
        shown = re.sub(r"\n\s+", "", shown)
    return matching.text_differences(shown, came)


def stream_differences(shown: list[str], came: list[str]) -> list[str]:
    """The differences of two event streams: event by event, field by field."""
    if len(shown) != len(came):
        return [f"{len(shown)} events are shown, and {len(came)} came"]
    found = []
    for shown_event, event in zip(shown, came, strict=True):
        shown_fields, fields = shown_event.split("\n"), event.split("\n")
        if len(shown_fields) != len(fields):
            found.append(f"{shown_event!r} is shown, and {event!r} came")
        for shown_field, field in zip(shown_fields, fields, strict=False):
            found += field_differences(shown_field, field)
    return found


def field_differences(shown: str, came: str) -> list[str]:
    (shown_name, shown_value), (name, value) = (f.split(": ", 1) for f in (shown, came))
    if shown_name != name:
        return [f"{shown!r} is shown, and {came!r} came"]
    if name == "retry":  # has a random part
        return (
            [] if shown_value.isdigit() and len(shown_value) == len(value) else [f"{came!r} came"]
        )
    return matching.text_differences(shown_value, value)
