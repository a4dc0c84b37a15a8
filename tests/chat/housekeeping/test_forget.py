"""A person is forgotten: in the tables, in the files of the database, by readers and workers."""

import asyncio
import json
from io import StringIO
from pathlib import Path

import pytest
from channels.db import database_sync_to_async
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection, connections

from chat.housekeeping import forget, vacuum
from chat.log import read_receipts, store
from chat.log.read_receipts import ReadReceipt
from chat.models import Entry, ReadMark, Room
from chat.worker import current
from tests.chat.conftest import received_seqs
from tests.chat.log.test_store import draft

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "Zephyrine"
WORDS = ["quokkaseins", "quokkazwei", "quokkadrei"]
GUEST = "g-00000000000000f1"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(forget, "ROWS", 2)
    monkeypatch.setattr(forget, "DELETIONS", 2)


@pytest.fixture(autouse=True)
def common_sqlite(db):
    """Debian's SQLite overwrites what it deletes. Others do not."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = OFF")
    yield
    connection.close()


@pytest.fixture
def zephyrine(db):
    return get_user_model().objects.create_user(NAME, email=f"{NAME}@example.org", is_staff=True)


def by(key, room, cid, body="", **fields):
    return store.Draft(room.pk, fields.pop("kind", "say"), key, NAME, cid, body, **fields)


def talk(room, key):
    """A talk of the person with others: messages, edits, deletions, and edits as a moderator."""
    one, two, three = WORDS
    edit = {"kind": "edit", "moderator": True}
    store.write([draft(room, "1", "of another"), by(key, room, f"cid-{one}", f"I said {one}")])
    store.write([by(key, room, "b", two), draft(room, "2", "a reply", reply_to=2)])
    store.write([by(key, room, "c", f"{two} {three}", ref=2, **edit)])
    store.write([by(key, room, "d", three, ref=1, **edit)])
    store.write([by(key, room, "e", "", kind="delete", ref=3)])
    store.write([draft(room, "3", "edited by a moderator and again by its author")])
    store.write([by(key, room, "f", three, ref=8, **edit)])
    store.write([draft(room, "4", "mine again", kind="edit", ref=8)])
    store.write([draft(room, "5", f"to a moderator: {NAME.lower()}", reply_to=2)])


def files():
    """The files of the database that this test uses."""
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        return [Path(name + end) for end in ("", "-wal", "-shm") if Path(name + end).exists()]
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("SHOW data_directory")
        base = Path(cursor.fetchone()[0]) / "base"
    return [path for path in base.rglob("*") if path.is_file()]


def found_in_files(texts):
    """Those of the texts that are in a file of the database."""
    contents = [path.read_bytes() for path in files()]
    return {text for text in texts if any(text.encode() in content for content in contents)}


def sample_columns():
    """PostgreSQL stores samples of columns for its planner."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def test_not_one_byte_of_a_user_is_left_in_the_files(lobby, zephyrine, boss, client, run):
    client.force_login(zephyrine)
    key = f"u-{zephyrine.pk}"
    other = Room.objects.create(slug="other", name="Other")
    talk(lobby, key)
    store.write([by(key, other, "o", WORDS[0])])
    read_receipts.write([ReadReceipt(lobby.pk, key, 3), ReadReceipt(lobby.pk, "g-1", 3)])
    LogEntry.objects.log_actions(boss.pk, [zephyrine], CHANGE, "", single_object=True)
    LogEntry.objects.log_actions(zephyrine.pk, [lobby], CHANGE, "", single_object=True)
    sample_columns()
    assert found_in_files([*WORDS, NAME]) == {*WORDS, NAME}

    printed = run("forget", NAME, ask=False)
    assert "3 messages deleted." in printed
    assert found_in_files([*WORDS, NAME]) == set()
    assert found_in_files(["mine again", "a reply"]) == {"mine again", "a reply"}
    assert not get_user_model().objects.filter(username=NAME).exists()
    assert not Session.objects.exists()
    assert set(ReadMark.objects.values_list("reader_key", flat=True)) == {"g-1"}
    assert not Entry.objects.filter(author_key=key).exists()
    assert [entry.object_repr for entry in LogEntry.objects.all()] == [key]


def test_not_one_byte_of_a_guest_is_left_in_the_files(lobby, run):
    talk(lobby, GUEST)
    assert found_in_files([*WORDS, NAME]) == {*WORDS, NAME}
    run("forget", GUEST, ask=False)
    assert found_in_files([*WORDS, NAME]) == set()


def test_the_log_stays_dense_and_says_what_was_deleted(lobby, run):
    talk(lobby, GUEST)
    head = Room.objects.get(slug="lobby").head
    run("forget", GUEST, ask=False)
    rows = Entry.objects.order_by("seq")
    assert [row.seq for row in rows] == list(range(1, head + 3))
    assert [(row.kind, row.ref) for row in rows[head:]] == [("delete", 2), ("delete", 1)]
    assert {row.seq: row.body for row in rows if row.body} == {
        4: "a reply",
        8: "mine again",
        10: "mine again",
        11: f"to a moderator: {NAME.lower()}",
    }
    # One new guest is the author of all that was theirs.
    (alias,) = {row.author_key for row in rows} - {"g-1"}
    assert {row.author_name for row in rows if row.author_key == alias} == {f"guest-{alias[-4:]}"}


async def test_readers_and_workers_forget_too(connect, lobby):
    await database_sync_to_async(talk)(lobby, GUEST)
    reader = await connect()
    await reader.join()
    await received_seqs(reader, 11)
    tail = current().tails.tails[lobby.pk]
    assert WORDS[1] in "".join(tail.window)

    await database_sync_to_async(call_command)("forget", GUEST, ask=False, stdout=StringIO())
    current().tails.check_soon()
    deletions = []
    while len(deletions) < 2:
        deletions += (await reader.until("events"))["events"]
    assert {(entry["kind"], entry["ref"]) for entry in deletions} == {("delete", 1), ("delete", 2)}
    while tail.reloading is None or not tail.reloading.done():
        current().tails.check_soon()
        await asyncio.sleep(0.01)
    late = await connect()
    await late.join()
    received = json.dumps((await late.until("events"))["events"])
    assert all(text not in received + "".join(tail.window) for text in [*WORDS, NAME])


def test_what_an_interruption_left_is_forgotten_by_key(lobby, zephyrine, run, monkeypatch):
    key = f"u-{zephyrine.pk}"
    talk(lobby, key)

    def interrupted(models):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("chat.management.commands.forget.vacuum", interrupted)
        with pytest.raises(CommandError, match=f"forget {key}") as stopped:
            run("forget", NAME, ask=False)
    assert stopped.value.returncode == 130
    assert found_in_files([*WORDS, NAME])
    run("forget", key, ask=False)
    assert found_in_files([*WORDS, NAME]) == set()


def test_an_open_transaction_that_needs_the_rows_is_reported(lobby, monkeypatch, run):
    """On both databases it would leave the words in a file."""
    talk(lobby, GUEST)
    monkeypatch.setattr(vacuum, "WAIT_SECONDS", 0.0)
    reader = connections.create_connection("default")
    try:
        if connection.vendor == "sqlite":
            reader.cursor().execute("PRAGMA busy_timeout = 0")
            reader.cursor().execute("BEGIN DEFERRED")
        else:
            reader.cursor().execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.cursor().execute("SELECT count(*) FROM chat_room").fetchone()
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA busy_timeout = 50")
        with pytest.raises(CommandError, match=f"forget {GUEST}"):
            run("forget", GUEST, ask=False)
    finally:
        reader.close()
        connection.close()  # with its short time-out
    run("forget", GUEST, ask=False)
    assert found_in_files([*WORDS, NAME]) == set()


def test_the_command_asks_first(lobby, monkeypatch, run, capsys):
    talk(lobby, GUEST)
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "no")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("forget", GUEST)
    assert GUEST in asked[0]
    assert Entry.objects.filter(author_key=GUEST, body__contains=WORDS[1]).exists()
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    assert "is forgotten here" in run("forget", GUEST)


def test_a_name_that_is_no_person_is_one_sentence(refusal):
    for name in ("nobody", "g-12", "u-", "G-00000000000000F1", ""):
        assert "is not the key of a guest" in refusal("forget", name, ask=False)
