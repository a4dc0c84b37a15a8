"""Writes that tell whether a worker can store something."""

import sqlite3
from contextlib import closing

import pytest
from django.db import connection, connections

from config.worker import readiness, writing


@pytest.fixture
def data_version():
    """Returns a number that changes when another connection has written to the database."""
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        yield lambda: other.execute("PRAGMA data_version").fetchone()[0]


sqlite_only = pytest.mark.skipif(
    "connection.vendor != 'sqlite'", reason="the file of an SQLite database"
)


@sqlite_only
@pytest.mark.django_db(transaction=True)
def test_the_check_of_the_database_writes_to_it(data_version):
    before = data_version()
    assert writing.database_takes_writes()
    connections.close_all()
    assert data_version() != before


@sqlite_only
@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_locked_can_be_written_later():
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert writing.database_takes_writes()
    connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_has_become_read_only_is_not_writable(monkeypatch):
    statement = {
        "sqlite": "PRAGMA query_only = 1",
        "postgresql": "SET default_transaction_read_only = on",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(statement)
    monkeypatch.setattr(
        readiness, "can_write_database", writing.RateLimited(writing.database_takes_writes)
    )
    assert readiness.check_database() == "not writable"
    # It has closed its connection. The next one can write.
    assert readiness.check_database() == "ready"


def test_a_folder_in_which_no_file_can_be_written_is_noticed(tmp_path):
    assert writing.folder_takes_writes(tmp_path)
    assert not writing.folder_takes_writes(tmp_path / "missing")


def test_a_check_runs_again_at_once_after_a_failure_and_later_after_a_success():
    results = iter([False, True])
    check = writing.RateLimited(lambda: next(results))
    assert [check(), check(), check()] == [False, True, True]
    check.due = 0.0
    with pytest.raises(StopIteration):
        check()
