"""The modules of the pages that need no browser are tested by Node's own test runner."""

import subprocess

from tests.processes import ROOT, need


def test_javascript_modules_pass_their_own_tests():
    command = [need("node"), "--test", "tests/static/"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
