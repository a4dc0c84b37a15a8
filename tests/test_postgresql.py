"""Whatever holds on SQLite holds on PostgreSQL."""

import os
import re
import subprocess
import sys

import pytest

from tests.databases import Postgres
from tests.processes import ROOT


@pytest.fixture
def postgres():
    process = Postgres()
    yield process.start()
    process.close()


@pytest.mark.timeout(900)
def test_the_tests_of_the_apps_pass_on_it(postgres):
    """In a process of its own, since a run has one database."""
    options = [
        "-q",
        "-o",
        "faulthandler_timeout=60",
        "-p",
        "no:cacheprovider",
        "--color=no",
        "tests/chat",
        "tests/streaming",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=ROOT,
        env=os.environ | {"TEST_DATABASE_URL": postgres.url},
        capture_output=True,
        text=True,
        timeout=880,
    )
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr
    assert re.fullmatch(r"\d{3,} passed in .*", done.stdout.splitlines()[-1])
