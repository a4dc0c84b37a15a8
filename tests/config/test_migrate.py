"""`manage.py migrate`: one at a time on a database."""

import contextlib
import fcntl
import os
import subprocess
import sys
import time

import psycopg
import pytest

from config.database_lock import ADVISORY_LOCK
from tests.databases import PgBouncer, Postgres, site_environment
from tests.processes import ROOT, START_SECONDS

WAITS = "Another command prepares this database."


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL cluster."""
    server = Postgres()
    try:
        yield server.start()
    finally:
        server.close()


def start_migrate(folder, name, url, *arguments, **settings):
    """Starts the command; returns the process and the file of its output."""
    output = folder / f"{name}.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "migrate", *arguments],
            cwd=ROOT,
            env=site_environment() | {"DATABASE_URL": url} | settings,
            stdout=file,
            stderr=file,
        )
    return process, output


def check_two_at_once(started, release):
    """Both processes wait until `release` is called. Then both succeed, and one of them creates the
    tables."""
    try:
        deadline = time.monotonic() + START_SECONDS
        while not all(WAITS in output.read_text() for _, output in started):
            assert time.monotonic() < deadline, [output.read_text() for _, output in started]
            assert all(process.poll() is None for process, _ in started)
            time.sleep(0.05)  # there is no event for a line in a file
        release()
        assert [process.wait(START_SECONDS) for process, _ in started] == [0, 0]
    finally:
        for process, _ in started:
            process.kill()
            process.wait()
    texts = [output.read_text() for _, output in started]
    assert sum("Applying chat.0001_initial... OK" in text for text in texts) == 1
    assert sum("No migrations to apply." in text for text in texts) == 1


def test_two_migrations_of_an_empty_sqlite_file_succeed(tmp_path):
    database = tmp_path / "database" / "site.sqlite3"
    database.parent.mkdir()
    lock = os.open(database.parent, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    url = f"sqlite:///{database}"
    started = [start_migrate(tmp_path, name, url) for name in ("one", "two")]
    check_two_at_once(started, lambda: os.close(lock))
    assert [file.name for file in database.parent.iterdir() if "lock" in file.name] == []


def test_two_migrations_of_an_empty_postgresql_succeed_one_of_them_through_pgbouncer(
    tmp_path, postgres
):
    with psycopg.connect(postgres.url, autocommit=True) as database:
        database.execute("CREATE DATABASE empty")
    url = postgres.url.replace("/site", "/empty")
    bouncer = PgBouncer(tmp_path, postgres)
    with contextlib.closing(bouncer.start()), psycopg.connect(url) as locking:
        locking.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        pooled = bouncer.url.replace("/site", "/empty")
        started = [
            start_migrate(tmp_path, "direct", url),
            start_migrate(tmp_path, "pooled", pooled, DATABASE_POOLER="on"),
        ]
        check_two_at_once(started, locking.rollback)


def test_a_migration_gives_up_a_table_that_another_session_uses(tmp_path, postgres):
    """Otherwise every query that comes after it would wait for that table, too."""
    with psycopg.connect(postgres.url) as backup:
        backup.execute("LOCK TABLE django_session IN ACCESS SHARE MODE")
        process, output = start_migrate(tmp_path, "one", postgres.url, "sessions", "zero")
        assert process.wait(START_SECONDS) == 1
    assert "CommandError: A migration waited 10 s for a table" in output.read_text()
    assert "Traceback" not in output.read_text()
