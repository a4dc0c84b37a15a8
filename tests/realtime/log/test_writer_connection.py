"""The connection of the writer."""

import pytest
from django.db import DataError, OperationalError, connection

from realtime.log import writer_connection
from realtime.log.group_commit import in_writer

pytestmark = pytest.mark.django_db(transaction=True)


def opened():
    """The connection of this thread, opened."""
    connection.ensure_connection()
    return connection.connection


@pytest.fixture
async def first(db):
    """What the writer has open."""
    return await in_writer(opened)()


async def test_it_is_kept(first):
    assert await in_writer(opened)() is first


async def test_it_is_kept_when_what_is_stored_is_bad(first):
    def bad():
        raise DataError

    with pytest.raises(DataError):
        await in_writer(bad)()
    assert await in_writer(opened)() is first


async def test_it_is_kept_when_the_database_says_no(first):
    tries = []

    def locked():
        tries.append(1)
        raise OperationalError("database is locked")

    with pytest.raises(OperationalError):
        await in_writer(locked)()
    assert await in_writer(opened)() is first
    assert len(tries) == 1


async def test_what_fails_on_a_connection_that_has_ended_is_done_on_a_new_one(first):
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


async def test_what_fails_on_the_new_one_too_is_not_tried_for_ever(first):
    tries = []

    def away():
        tries.append(1)
        connection.close()
        raise OperationalError("connection refused")

    with pytest.raises(OperationalError):
        await in_writer(away)()
    assert len(tries) == 2


async def test_a_file_that_was_replaced_is_opened_anew(first, monkeypatch):
    monkeypatch.setattr(writer_connection, "_file", lambda: (0, 0))
    if connection.vendor == "sqlite":
        assert await in_writer(opened)() is not first
