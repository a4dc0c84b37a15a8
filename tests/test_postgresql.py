"""What holds on SQLite holds on PostgreSQL: the tests that reach the database run on it as well."""

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
def test_the_tests_of_the_apps_that_reach_the_database_pass_on_it(postgres):
    """In processes of their own, since a run has one database."""
    options = [
        "-q",
        "-o",
        "faulthandler_timeout=120",
        "-p",
        "no:cacheprovider",
        "--color=no",
        "--numprocesses=2",
        "--dist=loadgroup",
        "--only-database",
        "tests/chat",
        "tests/streaming",
        "tests/realtime",
    ]
    outside = {name: value for name, value in os.environ.items() if "XDIST" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=ROOT,
        env=outside | {"TEST_DATABASE_URL": postgres.url},
        capture_output=True,
        text=True,
        timeout=880,
    )
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr
    assert re.fullmatch(r"\d{3,} passed in .*", done.stdout.splitlines()[-1])
