"""The README is short; settings, dependencies and log lines are documented as they are; documents
name only files that exist."""

import ast
import json
import re
from pathlib import Path

import pytest

from tests import databases

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text()
OPERATING_PAGE = (ROOT / "docs" / "operating.md").read_text()
DEPENDENCIES_PAGE = (ROOT / "docs" / "dependencies.md").read_text()
SETTINGS = (ROOT / "config" / "settings.py").read_text()
MAX_README_LINES = 200


def table(text, title):
    """The rows of the table under a heading, by their first cell."""
    section = text.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


def test_the_readme_is_short():
    assert len(README.splitlines()) <= MAX_README_LINES


def test_every_setting_is_documented_and_no_other():
    assert set(table(SETTINGS_PAGE, "Settings")) == databases.SETTINGS


def test_the_documented_defaults_of_the_limits_are_those_of_the_code():
    found = dict(re.findall(r'whole\("([A-Z_]+)", ([\d_]+)', SETTINGS))
    rows = table(SETTINGS_PAGE, "Settings")
    documented = {name: row[0] for name, row in rows.items() if name in found}
    assert documented == {name: value.replace("_", "") for name, value in found.items()}


def requirements(name):
    lines = (ROOT / name).read_text().splitlines()
    return [
        re.fullmatch(r"([\w-]+)(\[\w+\])?==[^\s;]+(;.*)?", line)
        for line in lines
        if not line.startswith(("-r", "#"))
    ]


def test_every_dependency_is_pinned_and_has_its_reason():
    pinned = [match[1].lower() for match in requirements("requirements.txt")]
    named = [name.split()[0].lower() for name in table(DEPENDENCIES_PAGE, "The site")]
    assert sorted(named) == sorted(pinned)
    for file in ("requirements-dev.txt", "requirements-proof.txt", "requirements-bench.txt"):
        names = [match[1] for match in requirements(file)]
        assert [name for name in names if name not in DEPENDENCIES_PAGE] == []


NPM = ["package.json", "tests/proof/package.json", "benchmarks/peers/node/package.json"]


@pytest.mark.parametrize("file", NPM)
def test_every_npm_package_is_pinned_and_has_its_reason(file):
    package = json.loads((ROOT / file).read_text())
    versions = package.get("dependencies", {}) | package.get("devDependencies", {})
    assert versions
    for name, version in versions.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert f"`{name}`" in DEPENDENCIES_PAGE


def log_messages():
    """The log messages of the code, with … for each argument."""
    for package in ("chat", "config", "realtime", "streaming"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("logger."):
                    yield re.sub(r"%[\d.]*[dsr]", "…", ast.literal_eval(node.args[0]))


def test_every_documented_log_line_is_in_the_code():
    rows = table(OPERATING_PAGE, "Log lines")
    documented = re.findall(r"`([^`]+)`", " ".join(f"`{line}`" for line in rows))
    assert len(documented) > len(rows)  # some rows have several
    messages = list(log_messages())
    # A documented line may end early, with an …
    assert [
        line
        for line in documented
        if not any(each.startswith(line.removesuffix("…")) for each in messages)
    ] == []


DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
FOLDERS = "benchmarks|chat|config|deploy|docs|realtime|static|streaming|templates|tests"
PATH = rf"`((?:{FOLDERS})/[\w./-]*)`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_file_that_a_document_names_exists(document):
    text = document.read_text()
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    named = [ROOT / path for path in re.findall(PATH, text)]
    named += [document.parent / path for path in linked]
    assert [path for path in named if not path.exists()] == []
