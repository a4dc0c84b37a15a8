"""What the README says of settings and dependencies is so, and what documents name is there."""

import re
from pathlib import Path

import pytest

from tests import databases

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "config" / "settings.py").read_text()


def table(title):
    section = README.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


def test_every_setting_is_documented_and_no_other():
    assert set(table("Settings")) == databases.SETTINGS


def test_the_limits_have_the_defaults_that_it_says():
    found = dict(re.findall(r'whole\("([A-Z_]+)", ([\d_]+)', SETTINGS))
    documented = {name: row[0] for name, row in table("Settings").items() if name in found}
    assert documented == {name: value.replace("_", "") for name, value in found.items()}


def requirements(name):
    lines = (ROOT / name).read_text().splitlines()
    return [
        re.fullmatch(r"([\w-]+)(\[\w+\])?==[^\s;]+(;.*)?", line)
        for line in lines
        if line[:2] != "-r"
    ]


def test_every_dependency_is_pinned_and_has_its_reason():
    pinned = [match[1].lower() for match in requirements("requirements.txt")]
    named = [name.split()[0].lower() for name in table("What it stands on")]
    assert sorted(named) == sorted(pinned)
    for match in requirements("requirements-dev.txt"):
        assert match[1] in README


DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
PATH = r"`((?:benchmarks|chat|config|deploy|docs|static|streaming|templates|tests)/[\w./-]*)`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_file_that_is_named_is_there(document):
    text = document.read_text()
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    named = [ROOT / path for path in re.findall(PATH, text)]
    named += [document.parent / path for path in linked]
    assert [path for path in named if not path.exists()] == []
