"""The head, the mark and the epoch of a room belong to its log, whatever else writes to the row."""

import pytest
from django.core import serializers
from django.db import IntegrityError, connection

from chat.log import sql, store
from chat.log.store import Appended
from chat.models import Entry, Room
from chat.worker import current
from realtime.log.failures import describe
from realtime.log.group_commit import Unavailable
from tests.chat.log.test_store import draft, seqs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three(lobby):
    """The lobby with three messages; the instance has the head of before."""
    store.write([draft(lobby, str(number)) for number in range(3)])
    return lobby


def columns(room):
    return Room.objects.values_list("epoch", "head", "mark").get(pk=room.pk)


def save_all(room):
    room.name = "Foyer"
    room.save()


def save_some(room):
    room.name, room.head, room.epoch = "Foyer", 1, "f00d"
    room.save(update_fields=["name", "head", "mark", "epoch"])


def save_new_instance(room):
    Room(pk=room.pk, slug=room.slug, name="Foyer").save()


def save_from_the_form(room):
    room.full_clean()
    Room.objects.update_or_create(slug=room.slug, defaults={"name": "Foyer", "head": 1})


def bulk_update(room):
    room.name, room.head, room.epoch = "Foyer", 1, "f00d"
    Room.objects.bulk_update([room], ["name", "head", "mark", "epoch"])


SAVES = [save_all, save_some, save_new_instance, save_from_the_form, bulk_update]


@pytest.mark.parametrize("save", SAVES)
def test_saving_an_old_instance_does_not_touch_the_log(three, save):
    before = columns(three)
    assert before[1] == 3
    save(three)
    assert columns(three) == before
    assert Room.objects.get(pk=three.pk).name == "Foyer"
    assert store.write([draft(three, "next")]).results == [Appended(4, duplicate=False)]


def test_loaddata_restores_the_columns_of_the_log(three):
    before, dump = columns(three), serializers.serialize("json", [Room.objects.get(pk=three.pk)])
    Room.objects.filter(pk=three.pk).update(epoch="f00d", head=0, mark=0)
    for loaded in serializers.deserialize("json", dump):
        loaded.save()
    assert columns(three) == before


def test_a_new_room_has_the_epoch_that_was_given():
    room = Room.objects.create(slug="other", name="Other", epoch="f00d")
    assert columns(room) == ("f00d", 0, 0)


def test_the_mark_of_a_room_is_that_of_its_newest_entry(three):
    marks = [*Entry.objects.order_by("seq").values_list("mark", flat=True)]
    assert len(set(marks)) == 3
    assert columns(three)[2] == marks[-1]
    assert max(marks) < 2**48


@pytest.mark.parametrize("wrong", [{"head": 0}, {"head": 2}, {"head": 900}, {"mark": 5}])
def test_the_writer_corrects_a_head_that_was_written_by_sql(three, caplog, wrong):
    Room.objects.filter(pk=three.pk).update(**wrong)
    (span,) = store.write([draft(three, "a"), draft(three, "b")]).spans
    newest = Entry.objects.get(seq=3)
    assert (span.first, span.previous) == (4, newest.mark)
    assert seqs(three) == [1, 2, 3, 4, 5]
    assert columns(three) == (three.epoch, 5, span.marks[-1])
    ours = [record for record in caplog.records if record.name == store.__name__]
    logged = [record.getMessage() for record in ours]
    expected = f"Room {three.pk} had the head {wrong.get('head')}; its newest entry is 3."
    assert logged == ([expected] * ("head" in wrong))


def test_the_writer_corrects_a_head_of_zero_if_the_first_entries_were_deleted(three):
    Entry.objects.filter(room=three, seq__lt=3).delete()
    Room.objects.filter(pk=three.pk).update(head=0, mark=0)
    assert store.write([draft(three, "next")]).results == [Appended(4, duplicate=False)]
    assert columns(three)[1] == 4


def test_the_writer_corrects_the_head_of_an_empty_room(lobby):
    Room.objects.filter(pk=lobby.pk).update(head=7, mark=7)
    assert store.write([draft(lobby)]).results == [Appended(1, duplicate=False)]


def test_a_worker_of_the_version_before_can_still_write(three):
    """During `make reload`: it inserts entries without a mark, and stores the head alone."""
    columns_of_then = "room_id, seq, kind, author_key, author_name, at, cid, body, deleted"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO chat_entry ({columns_of_then}) SELECT room_id, 4, kind, author_key,"
            " author_name, at, 'old', body, deleted FROM chat_entry WHERE seq = 3"
        )
        cursor.execute("UPDATE chat_room SET head = 4 WHERE id = %s", [three.pk])
    (span,) = store.write([draft(three, "next")]).spans
    old = Entry.objects.get(seq=4)
    assert (span.first, span.previous) == (5, old.mark)
    assert old.mark not in (0, *Entry.objects.filter(seq__lt=4).values_list("mark", flat=True))


# ---- What the database refuses -------------------------------------------------------


def duplicate_insert(room):
    locked, at = sql.LockedRoom(room.pk, "e", head=1, mark=7), Entry.objects.get(seq=1).at
    sql.insert([store._row(draft(room, "secret"), locked, at)])


def test_a_violated_constraint_is_described_without_values(three):
    with pytest.raises(IntegrityError) as caught:
        duplicate_insert(three)
    sqlite = "IntegrityError SQLITE_CONSTRAINT_UNIQUE chat_entry.room_id, chat_entry.seq"
    postgresql = "IntegrityError 23505 one_entry_a_seq"
    assert describe(caught.value) == (sqlite if connection.vendor == "sqlite" else postgresql)


async def test_a_draft_that_violates_a_constraint_is_answered_internal(lobby, monkeypatch, caplog):
    """The client sends it again, and keeps its words."""
    insert = sql.insert

    def insert_twice(rows):
        for row in rows:
            insert([row] * (2 if row.body == "secret" else 1))

    monkeypatch.setattr(sql, "insert", insert_twice)
    writer = current().writer
    with pytest.raises(Unavailable):
        await writer.add(draft(lobby, "a", "secret"))
    assert "Batch of 1 items not written: IntegrityError " in caplog.text
    assert "one_entry_a_" in caplog.text or "chat_entry." in caplog.text
    assert "secret" not in caplog.text
    assert (await writer.add(draft(lobby, "b"))).seq == 1
