"""Reads docs/protocol.md: its sections, and the fenced blocks of each section in order."""

import re
from dataclasses import dataclass, field
from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
EXAMPLE_KINDS = {"wire", "sh", "http", "json"}


@dataclass
class Block:
    """A fenced block: its kind, the `name=value` options after the kind, and its text."""

    kind: str
    options: dict[str, str]
    text: str
    line: int


@dataclass
class Section:
    """The fenced blocks under a heading of the second level."""

    title: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, str]:
        """The settings of the worker for this section: the options in capital letters."""
        found = [b.options.items() for b in self.blocks]
        return {name: value for items in found for name, value in items if name.isupper()}


def sections(text: str) -> list[Section]:
    """The sections that have examples."""
    found = [Section("")]
    block: Block | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if block is not None:
            if line == "```":
                found[-1].blocks.append(block)
                block = None
            else:
                block.text += line + "\n"
        elif line.startswith("```"):
            kind, *words = line[3:].split() or [""]
            block = Block(kind, dict(word.split("=", 1) for word in words), "", number)
        elif line.startswith("## "):
            found.append(Section(line[3:]))
    return [section for section in found if any(b.kind in EXAMPLE_KINDS for b in section.blocks)]


def table(text: str, title: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its header and without backticks."""
    under = re.split(rf"^#+ {re.escape(title)}$", text, flags=re.MULTILINE)[1]
    lines = re.search(r"(?:^\|.*\n)+", under, flags=re.MULTILINE)[0].splitlines()
    return [[cell.strip(" `") for cell in line.strip("|").split(" | ")] for line in lines[2:]]
