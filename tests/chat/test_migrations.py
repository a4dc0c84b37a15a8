import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE_MARKS, WITH_MARKS = [("chat", "0003_read_mark")], [("chat", "0004_marks")]


@pytest.fixture
def migrate():
    """Migrates the test database, and in the end to the newest state."""

    def run(targets):
        executor = MigrationExecutor(connection)
        executor.migrate(targets)
        return executor.loader.project_state(targets).apps

    yield run
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_existing_entries_and_rooms_get_their_marks(migrate, lobby):
    old = migrate(BEFORE_MARKS)
    empty = old.get_model("chat", "Room").objects.create(slug="empty", name="Empty")
    fields = {"room_id": lobby.pk, "kind": "say", "at": "2026-01-01T00:00:00Z", "body": "b"}
    rows = [{"seq": n, "author_key": "g-1", "cid": str(n), **fields} for n in range(1, 101)]
    entries = old.get_model("chat", "Entry").objects
    entries.bulk_create([entries.model(author_name="Ann", **row) for row in rows])
    old.get_model("chat", "Room").objects.filter(pk=lobby.pk).update(head=100)

    new = migrate(WITH_MARKS)
    found = new.get_model("chat", "Entry").objects.order_by("seq")
    assert [entry.body for entry in found] == ["b"] * 100
    marks = [entry.mark for entry in found]
    assert len(set(marks)) == 100
    assert 0 <= min(marks) < max(marks) < 2**48
    assert max(marks) > 2**40  # not the bits of a smaller number
    rooms = new.get_model("chat", "Room").objects
    assert rooms.get(pk=lobby.pk).mark == marks[-1]
    assert rooms.get(pk=empty.pk).mark == 0
