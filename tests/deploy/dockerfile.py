"""Reads the Dockerfile, .dockerignore and compose.yaml as an engine would."""

import fnmatch
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.processes import ROOT

# ${NAME}, ${NAME:-default}, ${NAME:?message}
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@dataclass
class Dockerfile:
    """The instructions of a Dockerfile with one stage."""

    instructions: list[tuple[str, str]]  # the instruction in capitals, and its arguments
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        for arguments in self.all("ENV"):
            self.environment |= dict(pair.split("=", 1) for pair in arguments.split())

    def all(self, name: str) -> list[str]:
        """The arguments of each instruction of a kind."""
        return [arguments for each, arguments in self.instructions if each == name]

    def last(self, name: str) -> str:
        """The arguments of the instruction that counts if there are several."""
        return self.all(name)[-1]

    @property
    def command(self) -> list[str]:
        """CMD, which must have the exec form: with a shell, SIGTERM would not reach the worker."""
        return json.loads(self.last("CMD"))

    @property
    def health_check(self) -> list[str]:
        """The command of HEALTHCHECK, in the exec form."""
        return json.loads(self.last("HEALTHCHECK").partition("CMD ")[2])


def read_dockerfile() -> Dockerfile:
    """The Dockerfile of the repository."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    logical = text.replace("\\\n", " ").splitlines()
    parts = [line.split(None, 1) for line in logical if line.strip()]
    return Dockerfile([(name.upper(), " ".join(rest.split())) for name, rest in parts])


# ---- The build context ---------------------------------------------------------------


def ignored(path: str, patterns: list[str]) -> bool:
    """Whether .dockerignore keeps a path out of the build. The last pattern that matches the path,
    or a folder above it, decides."""
    parts = path.split("/")
    found = False
    for pattern in patterns:
        wanted = pattern.removeprefix("!").strip("/").split("/")
        above = (parts[:count] for count in range(1, len(parts) + 1))
        if any(matches(each, wanted) for each in above):
            found = not pattern.startswith("!")
    return found


def matches(parts: list[str], pattern: list[str]) -> bool:
    """Whether a path matches a pattern, each in parts. `**` is any number of folders."""
    if not parts or not pattern:
        return not parts and not pattern
    if pattern[0] == "**":
        return matches(parts, pattern[1:]) or matches(parts[1:], pattern)
    return fnmatch.fnmatchcase(parts[0], pattern[0]) and matches(parts[1:], pattern[1:])


def context(folder: Path) -> Iterator[str]:
    """The path of each file that a build may copy."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    tops = [path for path in folder.iterdir() if not ignored(path.name, patterns)]
    for top in tops:
        for path in [top] if top.is_file() else top.rglob("*"):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not ignored(name, patterns):
                yield name


def copy(names: list[str], source: Path, target: Path) -> None:
    """Executes COPY: files of the build context into a folder. They belong to root."""
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, target / name)
        os.chmod(target / name, 0o644)


# ---- compose.yaml --------------------------------------------------------------------


def read_compose(values: dict[str, str]) -> dict[str, Any]:
    """compose.yaml with `values` for its variables. KeyError without a value that it needs."""

    def value(match: re.Match[str]) -> str:
        name, kind, default = match.groups()
        if values.get(name):
            return values[name]
        if kind == "-":
            return default
        raise KeyError(f"{name}: {default}")

    def fill(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: fill(each) for name, each in node.items()}
        if isinstance(node, list):
            return [fill(each) for each in node]
        return VARIABLE.sub(value, node) if isinstance(node, str) else node

    return fill(yaml.safe_load((ROOT / "compose.yaml").read_text()))


def seconds(duration: str) -> float:
    """A duration of Compose, such as 1m30s, in seconds."""
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
    parts = re.findall(r"(\d+)(ms|[smh])", duration)
    assert "".join(number + unit for number, unit in parts) == duration
    return sum(int(number) * units[unit] for number, unit in parts)


def mebibytes(size: str) -> int:
    """A size of Compose, such as 512m or 1g, in MiB."""
    return int(size[:-1]) * {"m": 1, "g": 1024}[size[-1]]
