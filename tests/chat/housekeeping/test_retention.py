from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from chat.housekeeping import batches, retention
from chat.log import read_receipts, store
from chat.log.read_receipts import ReadReceipt
from chat.models import Entry, ReadMark, Room, today
from chat.worker import current
from config.sessions import SessionStore
from realtime.log.cursor import Cursor
from tests.chat.conftest import received_seqs
from tests.chat.log.test_store import draft, seqs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    for module in (batches, retention):
        monkeypatch.setattr(module, "ROWS", 2, raising=True)


def fill(room, old, new):
    """Writes old and new messages into a room whose retention is 30 days."""
    Room.objects.filter(pk=room.pk).update(retention_days=30)
    store.write([draft(room, str(number), "words") for number in range(old + new)])
    then = timezone.now() - timedelta(days=31)
    Entry.objects.filter(room=room, seq__lte=old).update(at=then)


def test_tidy_deletes_entries_older_than_the_retention_of_the_room(lobby, run):
    fill(lobby, old=5, new=3)
    other = Room.objects.create(slug="other", name="Other")
    store.write([draft(other, "other")])
    Entry.objects.filter(room=other).update(at=timezone.now() - timedelta(days=1000))
    assert "5 old entries deleted." in run("tidy")
    assert (seqs(lobby), seqs(other)) == ([6, 7, 8], [1])
    assert "0 old entries deleted." in run("tidy")


def test_tidy_keeps_the_newest_entry_so_that_numbers_continue(lobby, run):
    fill(lobby, old=4, new=0)
    assert "3 old entries deleted." in run("tidy")
    assert seqs(lobby) == [4]
    assert store.write([draft(lobby, "next")]).results[0].seq == 5


def test_an_old_entry_behind_a_new_one_stays(lobby, run):
    """The log has no holes, also after a clock was wrong."""
    fill(lobby, old=1, new=3)
    Entry.objects.filter(seq=3).update(at=timezone.now() - timedelta(days=99))
    run("tidy")
    assert seqs(lobby) == [2, 3, 4]


def test_what_refers_to_a_deleted_entry_stays_as_it_is(lobby, run):
    fill(lobby, old=2, new=0)
    store.write([draft(lobby, "r", reply_to=1), draft(lobby, "e", "new", kind="edit", ref=2)])
    run("tidy")
    assert list(Entry.objects.order_by("seq").values_list("seq", "reply_to", "ref", "body")) == [
        (3, 1, None, "b"),
        (4, None, 2, "new"),
    ]
    (refused,) = store.write([draft(lobby, "f", "newer", kind="edit", ref=2)]).results
    assert refused.code == "not_found"


def test_unread_messages_are_those_that_exist(lobby, run):
    fill(lobby, old=5, new=3)
    read_receipts.write([ReadReceipt(lobby.pk, "g-2", 2)])
    assert read_receipts.count_unread(lobby.pk, "g-2", 2) == 6
    run("tidy")
    assert read_receipts.count_unread(lobby.pk, "g-2", 2) == 3


def test_history_ends_at_the_oldest_entry(lobby, run, client):
    fill(lobby, old=5, new=3)
    run("tidy")
    page = client.get("/api/rooms/lobby/entries?before=8").json()
    assert ([entry["seq"] for entry in page["events"]], page["more"]) == ([6, 7], False)
    page = client.get("/api/rooms/lobby/entries?before=6").json()
    assert (page["events"], page["more"]) == ([], False)


def cursor(room, seq):
    found = Entry.objects.filter(room=room, seq=seq).values_list("mark", flat=True).first()
    return str(Cursor(room.epoch, seq, found or 0))


def test_a_cursor_before_the_oldest_entry_is_a_reset(lobby, run, client):
    fill(lobby, old=5, new=3)
    cursors = {seq: cursor(lobby, seq) for seq in range(9)}
    run("tidy")
    for seq, reset in ((0, True), (4, True), (5, True), (6, False), (7, False)):
        page = client.get(f"/api/rooms/lobby/entries?cursor={cursors[seq]}").json()
        first = 6 if reset else seq + 1
        assert page["reset"] is reset, seq
        assert [entry["seq"] for entry in page["events"]] == list(range(first, 9))


async def test_a_running_worker_forgets_the_deleted_entries(connect, lobby):
    await database_sync_to_async(fill)(lobby, old=5, new=3)
    old = await database_sync_to_async(cursor)(lobby, 2)
    reader = await connect()
    await reader.join()
    assert await received_seqs(reader, 8) == list(range(1, 9))
    tail = current().tails.tails[lobby.pk]

    await database_sync_to_async(call_command)("tidy")
    await database_sync_to_async(store.write)([draft(lobby, "next")])
    current().tails.check_soon()
    # Who reads on notices nothing; who comes receives what exists.
    assert await received_seqs(reader, 9) == [9]
    await tail.reloading
    assert tail.first == 6
    late = await connect()
    assert (await late.join(cursor=old))["reset"]
    assert await received_seqs(late, 9) == [6, 7, 8, 9]


@pytest.mark.parametrize("seq", [0, 2])
async def test_a_slow_reader_ends_when_its_next_entries_are_deleted(lobby, seq):
    await database_sync_to_async(fill)(lobby, old=5, new=3)
    with (reader := await current().tails.open(lobby.pk)):
        reader.seq, reader.mark = seq, reader.tail.mark_at(seq)
        await database_sync_to_async(call_command)("tidy")
        reader.tail.reload()
        await reader.tail.reloading
        assert [batch async for batch in reader] == []
        assert await reader.resume(reader.cursor)
        assert reader.seq == 5


# ---- Sessions and read marks ---------------------------------------------------------


def test_tidy_deletes_expired_sessions(run, alice, client):
    client.force_login(alice)
    for _ in range(5):
        expired = SessionStore()
        expired.set_expiry(-1)
        expired.save()
    assert "5 expired sessions deleted." in run("tidy")
    assert Session.objects.count() == 1


def test_tidy_deletes_the_read_marks_of_people_who_are_gone(lobby, run, alice):
    def mark(key, days):
        moved_on = today() - timedelta(days=days)
        ReadMark.objects.create(room=lobby, reader_key=key, seq=1, moved_on=moved_on)

    mark("g-0000000000000001", 364)
    mark("g-0000000000000002", 367)
    mark("g-0000000000000003", 367)
    mark(f"u-{alice.pk}", 9999)
    mark(f"u-{alice.pk + 1}", 0)
    assert "3 read marks" in run("tidy")
    stay = {"g-0000000000000001", f"u-{alice.pk}"}
    assert set(ReadMark.objects.values_list("reader_key", flat=True)) == stay


def test_a_read_mark_has_the_day_on_which_it_moved(lobby):
    fill(lobby, old=0, new=3)
    read_receipts.write([ReadReceipt(lobby.pk, "g-1", 1)])
    ReadMark.objects.update(moved_on=today() - timedelta(days=400))
    read_receipts.write([ReadReceipt(lobby.pk, "g-1", 1)])
    assert ReadMark.objects.get().moved_on != today()
    read_receipts.write([ReadReceipt(lobby.pk, "g-1", 2)])
    assert ReadMark.objects.get().moved_on == today()


# ---- The admin -----------------------------------------------------------------------


def test_the_retention_of_a_room_is_set_in_the_admin(lobby, client, boss):
    client.force_login(boss)
    address = f"/admin/chat/room/{lobby.pk}/change/"
    fields = {"name": "Lobby", "slug": "lobby", "topic": "", "is_public": "on"}
    page = client.post(address, fields | {"retention_days": "0"}).content.decode()
    assert "greater than or equal to 1" in page
    assert client.post(address, fields | {"retention_days": "30"}).status_code == 302
    lobby.refresh_from_db()
    assert lobby.retention_days == 30


# ---- The command ---------------------------------------------------------------------


def test_a_database_that_is_away_is_one_sentence(run, monkeypatch):
    def away(progress):
        raise OperationalError("connection refused\nDETAIL: more")

    monkeypatch.setattr("config.management.commands.tidy.delete_read_marks", away)
    with pytest.raises(CommandError) as failed:
        run("tidy")
    assert failed.value.returncode == 1
    assert "connection refused. Run the command again" in str(failed.value)
