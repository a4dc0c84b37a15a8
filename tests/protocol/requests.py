"""Plays the examples of HTTP: runs the commands in a shell, and compares what they print."""

import asyncio
import re
from pathlib import Path

from tests.protocol import matching
from tests.protocol.document import Block
from tests.protocol.stage import Stage

SHOWN_URL = "http://localhost:8000"
CURL_TIMED_OUT = 28


async def run(command: str, stage: Stage, folder: Path) -> str:
    """What a command prints. A stream that `--max-time` ends has not failed."""
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        command.replace(SHOWN_URL, stage.worker.url),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert process.returncode == 0 or (
        process.returncode == CURL_TIMED_OUT and "--max-time" in command
    ), f"{command}: {process.returncode} {error.decode()}"
    return out.decode(errors="replace")  # of a socket, the first frame too


def compare(block: Block, came: str) -> None:
    """An answer with the one that is shown, of which only the headers may lack some."""
    shown_head, shown_body = parts(block.text.strip("\n"))
    head, body = parts(came.replace("\r\n", "\n"))
    assert head[0].split()[:2] == shown_head[0].split()[:2], came
    for header in shown_head[1:]:
        assert any(matching.fits(header.lower(), line.lower()) for line in head[1:]), (
            f"{header} in {head}"
        )
    found = of_bodies(shown_body, body)
    assert not found, f"{found}, in {came}"


def parts(text: str) -> tuple[list[str], str]:
    """The head of an answer, as lines, and its body."""
    head, _, body = text.partition("\n\n")
    return head.splitlines(), body


def of_bodies(shown: str, came: str) -> list[str]:
    if re.match("retry: ", shown):
        return list(of_streams(shown.strip("\n").split("\n\n"), came.strip("\n").split("\n\n")))
    if shown.startswith("{"):
        shown = re.sub(r"\n\s+", "", shown)
    return matching.of_text(shown, came)


def of_streams(shown: list[str], came: list[str]) -> list[str]:
    """As `matching.differences`, of two event streams: event by event, field by field."""
    if len(shown) != len(came):
        return [f"{len(shown)} events are shown, and {len(came)} came"]
    found = []
    for one, other in zip(shown, came, strict=True):
        fields, others = one.split("\n"), other.split("\n")
        if len(fields) != len(others):
            found.append(f"{one!r} is shown, and {other!r} came")
        for field, its in zip(fields, others, strict=False):
            found += of_fields(field, its)
    return found


def of_fields(shown: str, came: str) -> list[str]:
    (name, value), (its_name, its_value) = (f.split(": ", 1) for f in (shown, came))
    if name != its_name:
        return [f"{shown!r} is shown, and {came!r} came"]
    if name == "retry":  # jittered
        return [] if value.isdigit() and len(value) == len(its_value) else [f"{came!r} came"]
    return matching.of_text(value, its_value)
