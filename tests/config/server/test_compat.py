"""The server starts on a newer Daphne, Twisted or autobahn with one warning, and refuses to start
where an attribute is missing that it overrides."""

import logging
import re
import subprocess
import sys

import pytest

from config.server import compat
from tests.databases import UNSET
from tests.processes import ROOT

DAPHNE = compat.TESTED_VERSIONS["Daphne"]
PINNED = dict(re.findall(r"^(\w+)==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE))


def test_no_attribute_is_missing():
    assert compat.missing(compat.PATCHED_ATTRIBUTES) == []


def test_missing_attributes_are_named():
    class Changed:
        present = 1

    assert compat.missing([(Changed, "present absent"), (compat, "check_versions absent")]) == [
        "tests.config.server.test_compat.Changed.absent",
        "config.server.compat.absent",
    ]


def test_no_attribute_of_an_instance_is_missing():
    assert compat.missing_on_instances(compat.INSTANCE_ATTRIBUTES) == []


def test_an_attribute_that_no_class_assigns_is_named():
    class Base:
        def __init__(self):
            self.here = 1

    class Changed(Base):
        pass

    assert compat.missing_on_instances([(Changed, "here gone")]) == [
        "tests.config.server.test_compat.Changed.gone"
    ]


def test_the_tested_versions_are_those_of_the_requirements():
    pinned = {name.lower(): version for name, version in PINNED.items()}
    assert {name: pinned[name.lower()] for name in compat.TESTED_VERSIONS} == compat.TESTED_VERSIONS


@pytest.mark.parametrize(
    ("package", "version", "warned"),
    [
        ("Daphne", "4.2.999", True),
        ("Daphne", "4.10", True),
        ("Twisted", "27.1.0", True),
        ("autobahn", "26.10.3", True),
        ("autobahn", "26.9.9", False),
    ],
)
def test_one_warning_names_a_newer_release(monkeypatch, caplog, package, version, warned):
    installed = compat.TESTED_VERSIONS | {package: version}
    monkeypatch.setattr(compat, "installed_versions", lambda: installed)
    with caplog.at_level(logging.WARNING):
        compat.check_versions()
        compat.warn_if_untested()
    expected = f"{package} {version} (tested: {compat.TESTED_VERSIONS[package]})"
    assert [expected in message for message in caplog.messages] == [True] * warned


def test_the_tested_releases_give_no_warning(caplog):
    compat.warn_if_untested()
    assert caplog.messages == []


def start(before, *arguments):
    """Run the server in a process in which `before` was executed first."""
    code = (
        f"{before}; import runpy, sys; sys.argv[1:] = {list(arguments)};"
        " runpy.run_module('config.server', run_name='__main__')"
    )
    environment = UNSET | {"SECRET_KEY": "k" * 50, "PATH": ""}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_older_daphne_is_refused():
    done = start("import daphne; daphne.__version__ = '4.1.2'")
    assert done.returncode == 1
    assert done.stderr == f"config.server needs Daphne {DAPHNE} or newer, and this is 4.1.2.\n"


def test_a_newer_daphne_that_lacks_an_attribute_is_refused():
    before = "import daphne; daphne.__version__ = '5.0'; from daphne.server import Server"
    done = start(f"{before}; del Server.kill_all_applications")
    assert done.returncode == 1
    assert "daphne.server.Server.kill_all_applications" in done.stderr
    assert "Daphne 5.0" in done.stderr
    assert "Traceback" not in done.stderr


# Ends the process by itself once it listens.
UNTIL_STARTED = "from twisted.internet import reactor; reactor.callLater(0.5, reactor.stop)"


def test_a_newer_daphne_starts_with_one_warning():
    loop = (
        "from config.server.event_loop import prefer_uvloop; prefer_uvloop(); import daphne.server"
    )
    version = "import daphne; daphne.__version__ = '4.9'"
    done = start(f"{version}; {loop}; import daphne.server; {UNTIL_STARTED}", "-p", "0")
    assert done.returncode == 0, done.stderr
    (warning,) = done.stderr.splitlines()
    assert "WARNING" in warning
    assert f"Daphne 4.9 (tested: {DAPHNE})" in warning
