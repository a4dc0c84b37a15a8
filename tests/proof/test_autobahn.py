"""Autobahn's test cases for WebSocket servers (RFC 6455), run by kosoku.

Without 12 and 13: those test compression, which `config.server` never accepts.
"""

import json
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.processes import Process
from tests.servers import Worker

KOSOKU = Path(sys.executable).parent / "kosoku"
CASES = 301
PASSED = {"OK", "NON-STRICT", "INFORMATIONAL"}


class EchoServer(Worker):
    """`config.server` with an application that echoes."""

    is_ready = Process.is_ready  # it has no page to ask for

    def __init__(self, site):
        super().__init__(site, "echo", "tests.proof.echo_server")
        self.command.pop()  # the application: the module names its own


@pytest.fixture
def echo_server(make_site):
    site = make_site(DJANGO_SETTINGS_MODULE="config.settings")
    server = EchoServer(site)
    site.processes.append(server)
    return server.start()


@pytest.mark.timeout(600)
def test_no_case_fails(echo_server, tmp_path, record_result):
    # A process of its own: kosoku brings its own modules under autobahn's name.
    command = [KOSOKU, echo_server.ws, "-o", tmp_path / "report", "-x", "12.*", "-x", "13.*"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=540)
    index = tmp_path / "report" / "index.json"
    assert index.exists(), done.stderr
    (results,) = json.loads(index.read_text()).values()
    verdicts = Counter(result["behavior"] for result in results.values())
    failed = {
        case: result
        for case, result in results.items()
        if not {result["behavior"], result["behaviorClose"]} <= PASSED
    }
    assert failed == {}, done.stderr
    assert len(results) == CASES
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    tool = f"Autobahn's cases 1 to 10, by kosoku {version('kosoku')}"
    record_result("WebSocket (RFC 6455)", tool, f"{len(results)} cases, 0 failed ({counts})")
