"""Runs the tests of the apps that use the database on PostgreSQL as well."""

import os
import re
import subprocess
import sys

import pytest

from tests.databases import Postgres
from tests.processes import ROOT

# The tests of the modules that make queries. Views and transports call these modules.
TESTS = [
    "tests/chat/housekeeping",
    "tests/chat/identity/test_members.py",
    "tests/chat/log",
    "tests/chat/test_admin.py",
    "tests/chat/test_migrations.py",
    "tests/chat/test_revocation.py",
    "tests/chat/test_rooms.py",
    "tests/chat/transports/test_access_races.py",
    "tests/realtime/log",
    "tests/streaming/test_admin.py",
    "tests/streaming/test_models.py",
    "tests/streaming/texts",
]
ONLY_SQLITE = "tests/realtime/log/test_writer_connection.py::test_sqlite_syncs_every_commit"


@pytest.fixture
def postgres():
    process = Postgres()
    yield process.start()
    process.close()


@pytest.mark.timeout(900)
def test_the_database_tests_of_the_apps_pass_on_postgresql(postgres):
    """In separate processes, because a test run has one database."""
    options = [
        "-q",
        "-o",
        "faulthandler_timeout=120",
        "-p",
        "no:cacheprovider",
        "--color=no",
        "--numprocesses=2",
        "--dist=loadscope",
        "--only-database",
        f"--deselect={ONLY_SQLITE}",
        *TESTS,
    ]
    environment = {name: value for name, value in os.environ.items() if "XDIST" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=ROOT,
        env=environment | {"TEST_DATABASE_URL": postgres.url, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=880,
    )
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr
    assert re.fullmatch(r"\d{3,} passed in .*", done.stdout.splitlines()[-1])
