"""Counters of the database connections."""

import sqlite3
import threading

import psycopg
import pytest
from django.db import DatabaseError, connection
from psycopg import errors

from config.database.counted import error_class
from realtime.counters import database_counters


def sqlite_error(statement):
    with pytest.raises(sqlite3.Error) as caught:
        sqlite3.connect(":memory:").executescript(statement)
    return caught.value


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (errors.UniqueViolation(), "23"),
        (errors.SerializationFailure(), "40"),
        (errors.AdminShutdown(), "57"),
        (psycopg.OperationalError("connection refused"), "08"),
        (psycopg.InterfaceError("the connection is closed"), "other"),
    ],
)
def test_the_class_of_an_error_of_postgresql(error, name):
    assert error_class(error) == name


def test_the_class_of_an_error_of_sqlite():
    twice = "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)"
    assert error_class(sqlite_error(twice)) == "SQLITE_CONSTRAINT"
    assert error_class(sqlite_error("SELECT * FROM missing")) == "SQLITE_ERROR"


@pytest.mark.django_db
def test_queries_and_errors_are_counted():
    queries, before = database_counters.queries, database_counters.errors.total()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        with pytest.raises(DatabaseError):
            cursor.execute("SELECT * FROM missing")
    assert database_counters.queries >= queries + 2
    assert database_counters.errors.total() == before + 1
    name = "42" if connection.vendor == "postgresql" else "SQLITE_ERROR"
    assert database_counters.errors[name] >= 1


@pytest.mark.django_db(transaction=True)
def test_a_connection_is_counted_while_it_is_open():
    def run():
        before.append(database_counters.open_connections())
        connection.ensure_connection()
        during.append(database_counters.open_connections())
        connection.close()
        after.append(database_counters.open_connections())

    before, during, after = [], [], []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert (during[0] - before[0], after[0] - before[0]) == (1, 0)
