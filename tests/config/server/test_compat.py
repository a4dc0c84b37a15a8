"""The start is refused where something is gone that the server changes."""

import subprocess
import sys

from config.server import compat
from tests.databases import UNSET
from tests.processes import ROOT


def test_nothing_is_missing():
    assert compat.missing(compat.PARTS) == []


def test_what_is_gone_is_named():
    class Changed:
        kept = 1

    assert compat.missing([(Changed, "kept gone"), (compat, "PARTS lost")]) == [
        "tests.config.server.test_compat.Changed.gone",
        "config.server.compat.lost",
    ]


def start(before):
    """Starts the server in a process in which something has been changed before."""
    code = f"{before}; import runpy; runpy.run_module('config.server', run_name='__main__')"
    environment = UNSET | {"SECRET_KEY": "k" * 50, "PATH": ""}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_another_daphne_is_refused():
    done = start("import daphne; daphne.__version__ = '5.0'")
    assert done.returncode == 1
    assert done.stderr == "config.server is written for Daphne 4.2.3, and this is 5.0.\n"


def test_a_part_that_is_gone_is_named():
    done = start("from daphne.server import Server; del Server.kill_all_applications")
    assert done.returncode == 1
    assert "daphne.server.Server.kill_all_applications" in done.stderr
    assert "Traceback" not in done.stderr
