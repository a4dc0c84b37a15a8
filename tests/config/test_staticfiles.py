"""Collected files have hashed names, and refer to each other by these."""

import os
import re
import subprocess
import sys

import pytest
from django.templatetags.static import static

from config.staticfiles import HashedFiles
from tests.processes import ROOT

HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
# The modules that a module imports, in any syntax.
SPECIFIER = re.compile(r"""(?:\bfrom|\bimport|\bimport\s*\()\s*["']([^"']+)["']""")
# The types in JSDoc comments are for tsc; no browser loads them.
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


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


def imports(path):
    """The modules that the module at `path` imports."""
    return SPECIFIER.findall(COMMENT.sub("", path.read_text()))


def test_every_module_imports_hashed_names(collected):
    hashed = [path for path in modules(collected) if HASHED.search(path.name)]
    assert len(hashed) > 30
    imported = [(path, name) for path in hashed for name in imports(path)]
    assert len(imported) > 50
    for path, name in imported:
        assert HASHED.search(name), f"{path.name} imports {name}"
        assert (path.parent / name).resolve().is_file()


def test_no_module_is_imported_under_two_names(collected):
    """The hash of a module changes with the modules that it imports, so the last pass decides."""
    manifest = (collected / "staticfiles.json").read_text()
    for path in modules(collected):
        for name in imports(path):
            if HASHED.search(name):
                assert os.path.relpath((path.parent / name).resolve(), collected) in manifest


def test_old_versions_of_a_module_are_not_deleted(collected):
    before = set(collected.rglob("*"))
    collect(collected)
    assert set(collected.rglob("*")) == before


def test_names_are_not_hashed_when_nothing_was_collected(tmp_path):
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


def test_the_names_beside_the_code_are_used_before_those_of_the_newest_version(
    collected, tmp_path, settings
):
    files = HashedFiles(location=collected, base_url="/static/")
    assert re.fullmatch(r"site\.[0-9a-f]{12}\.css", files.stored_name("site.css"))
    settings.BASE_DIR = tmp_path
    (tmp_path / "staticfiles.json").write_text(
        '{"version": "1.1", "paths": {"site.css": "site.old.css"}}'
    )
    files = HashedFiles(location=collected, base_url="/static/")
    assert files.stored_name("site.css") == "site.old.css"
