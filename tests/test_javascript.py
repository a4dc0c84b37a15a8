"""The modules of the pages that need no browser are tested by Node's own test runner."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_javascript_modules_pass_their_own_tests():
    node = shutil.which("node")
    if node is None:
        missing = "node is missing; `make test` installs it where it may"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    command = [node, "--test", "tests/static/"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
