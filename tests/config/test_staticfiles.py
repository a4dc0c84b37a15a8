"""Files that are collected have names of their own, and call each other by them."""

import os
import re
import subprocess
import sys

import pytest
from django.templatetags.static import static

from tests.processes import ROOT

HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
# Whatever a module asks for, however it is written.
SPECIFIER = re.compile(r"""(?:\bfrom|\bimport|\bimport\s*\()\s*["']([^"']+)["']""")


def collect(folder):
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"],
        cwd=ROOT,
        env=os.environ | {"STATIC_ROOT": str(folder)},
        check=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    collect(folder)
    return folder


def modules(folder):
    return [p for app in ("chat", "streaming") for p in (folder / app).rglob("*.js")]


def test_every_module_calls_the_others_by_their_hashed_names(collected):
    hashed = [path for path in modules(collected) if HASHED.search(path.name)]
    assert len(hashed) > 30
    asked = [(path, name) for path in hashed for name in SPECIFIER.findall(path.read_text())]
    assert len(asked) > 50
    for path, name in asked:
        assert HASHED.search(name), f"{path.name} asks for {name}"
        assert (path.parent / name).resolve().is_file()


def test_no_module_is_asked_for_under_two_names(collected):
    """The hash of a module changes with those that it asks for, so the last pass decides."""
    manifest = (collected / "staticfiles.json").read_text()
    for path in modules(collected):
        for name in SPECIFIER.findall(path.read_text()):
            if HASHED.search(name):
                assert os.path.relpath((path.parent / name).resolve(), collected) in manifest


def test_a_module_that_changes_leaves_its_old_version_for_open_pages(collected):
    before = set(collected.rglob("*"))
    collect(collected)
    assert set(collected.rglob("*")) == before


def test_names_are_plain_where_nothing_was_collected(tmp_path):
    code = "from django.templatetags.static import static; print(static('site.css'))"
    for root in ("", str(tmp_path / "none")):
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", code],
            cwd=ROOT,
            env=os.environ | {"STATIC_ROOT": root},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout == "/static/site.css\n", done.stderr
    assert static("site.css") == "/static/site.css"
