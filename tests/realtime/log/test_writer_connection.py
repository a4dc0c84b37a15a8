"""The persistent connection of the writer thread."""

import pytest
from channels.db import database_sync_to_async
from django.db import DataError, OperationalError, connection

from realtime.log.threads import in_reader
from realtime.log.writer_connection import in_writer

pytestmark = pytest.mark.django_db(transaction=True)


def opened():
    """The connection of this thread, opened."""
    connection.ensure_connection()
    return connection.connection


@pytest.fixture
async def first(db):
    """The connection that the writer thread has open."""
    return await in_writer(opened)()


async def test_the_connection_is_used_again(first):
    assert await in_writer(opened)() is first


def synchronous():
    """The PRAGMA `synchronous` of this thread's connection."""
    with connection.cursor() as cursor:
        return cursor.execute("PRAGMA synchronous").fetchone()[0]


@pytest.mark.parametrize("run", [in_writer, in_reader, database_sync_to_async])
async def test_sqlite_syncs_every_commit_on_the_connection_of_every_thread(run):
    full = 2
    assert await run(synchronous)() == full


async def test_bad_data_does_not_close_the_connection(first):
    def bad():
        raise DataError

    with pytest.raises(DataError):
        await in_writer(bad)()
    assert await in_writer(opened)() is first


async def test_a_locked_database_does_not_close_the_connection(first):
    tries = []

    def locked():
        tries.append(1)
        raise OperationalError("database is locked")

    with pytest.raises(OperationalError):
        await in_writer(locked)()
    assert await in_writer(opened)() is first
    assert len(tries) == 1


async def test_a_job_on_a_broken_connection_runs_again_on_a_new_one(first):
    tries = []

    def ended():
        tries.append(opened())
        if len(tries) == 1:
            connection.close()
            raise OperationalError("server closed the connection unexpectedly")
        return "done"

    assert await in_writer(ended)() == "done"
    assert tries[0] is first
    assert tries[1] is not first


async def test_a_job_runs_twice_at_most(first):
    tries = []

    def away():
        tries.append(1)
        connection.close()
        raise OperationalError("connection refused")

    with pytest.raises(OperationalError):
        await in_writer(away)()
    assert len(tries) == 2
