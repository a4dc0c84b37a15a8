"""Rooms are exported and imported."""

import io
import json
import os
import stat

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db.models import F

from chat.housekeeping import batches, export_room, import_room
from chat.housekeeping.export_room import Rewritten
from chat.log import store
from chat.models import Entry, Room
from tests.chat.log.test_store import draft, seqs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    for module in (batches, export_room, import_room):
        monkeypatch.setattr(module, "ROWS", 2)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "lobby.jsonl"


@pytest.fixture
def talk(lobby, alice):
    """A log with messages, an edit, a deletion and a reply."""
    mine = f"u-{alice.pk}"
    store.write(
        [
            draft(lobby, "a", "first", author=mine),
            draft(lobby, "b", "你好\n👋🏽"),
            draft(lobby, "c", "secret"),
            draft(lobby, "d", "changed", kind="edit", ref=1, author=mine),
            draft(lobby, "e", "", kind="delete", ref=3),
            draft(lobby, "f", "reply", reply_to=2),
            draft(lobby, "g", "last"),
        ]
    )
    lobby.refresh_from_db()
    return lobby


def rows(room):
    """Everything that a log has, without primary keys."""
    return [
        {name: value for name, value in row.items() if name not in ("id", "room_id")}
        for row in Entry.objects.filter(room=room).order_by("seq").values()
    ]


def move(room):
    """Deletes the room, as if the file were imported into another site."""
    before = rows(room)
    Room.objects.all().delete()
    return before


def lines(file):
    return file.read_bytes().splitlines(keepends=True)


def test_an_imported_room_is_equal_to_the_exported_one(talk, file, run):
    talk.topic, talk.is_public, talk.retention_days = "t", False, 30
    talk.save()
    assert f"7 entries of lobby written to {file}." in run("export", "lobby", str(file))
    before = move(talk)
    assert "7 entries imported. The head of lobby is 7." in run("import", str(file))
    room = Room.objects.get()
    assert rows(room) == before
    for name in ("slug", "name", "epoch", "head", "topic", "is_public", "retention_days"):
        assert getattr(room, name) == getattr(talk, name), name


@pytest.mark.django_db(transaction=True)
def test_a_cursor_of_the_exported_room_goes_on_in_the_imported_one(talk, file, run, client):
    run("export", "lobby", str(file))
    found = client.get("/api/rooms/lobby/entries").json()
    move(talk)
    Room.objects.create(slug="another", name="Has the primary key of the old one")
    run("import", str(file))
    store.write([draft(Room.objects.get(slug="lobby"), "next")])
    page = client.get(f"/api/rooms/lobby/entries?cursor={found['cursor']}").json()
    assert (page["reset"], [entry["seq"] for entry in page["events"]]) == (False, [8])


def test_only_the_owner_may_read_the_file(talk, file, run):
    run("export", "lobby", str(file))
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600


def test_an_export_that_was_interrupted_goes_on(talk, file, run):
    run("export", "lobby", str(file))
    whole = lines(file)
    for size in range(0, file.stat().st_size, 97):
        file.write_bytes(b"".join(whole)[:size])
        run("export", "lobby", str(file))
        entries = [line for line in lines(file) if line.startswith(b'{"entry"')]
        assert entries == [line for line in whole if line.startswith(b'{"entry"')]


def test_an_export_of_a_room_that_has_grown_adds_what_is_new(talk, file, run):
    run("export", "lobby", str(file))
    before = lines(file)
    new = [draft(talk, "h", "later"), draft(talk, "i", "edited", kind="edit", ref=2)]
    store.write([*new, draft(talk, "j", "", kind="delete", ref=6)])
    assert "3 entries" in run("export", "lobby", str(file))
    assert lines(file)[: len(before)] == before
    wanted = move(talk)
    run("import", str(file))
    assert rows(Room.objects.get()) == wanted


def test_an_export_begins_again_if_entries_were_rewritten(talk, file, run):
    run("export", "lobby", str(file))
    Entry.objects.filter(seq=1).update(body="forgotten")
    Room.objects.update(rewrites=F("rewrites") + 1)
    assert "7 entries" in run("export", "lobby", str(file))
    assert b"forgotten" in file.read_bytes()
    assert b"changed" not in lines(file)[1]


def test_an_export_notices_that_entries_are_rewritten_while_it_runs(talk):
    def rewrite(count):
        Room.objects.update(rewrites=F("rewrites") + 1)

    with pytest.raises(Rewritten):
        export_room.export(talk, io.BytesIO(), None, rewrite)


def test_an_import_that_was_interrupted_goes_on(talk, file, run, refusal):
    run("export", "lobby", str(file))
    whole = file.read_bytes()
    before = move(talk)
    shown = set()
    for size in range(300, len(whole), 311):
        file.write_bytes(whole[:size])
        shown.add("ends at entry" in refusal("import", str(file)))
        assert not Room.objects.filter(slug="lobby").exists()
        assert not Room.objects.filter(is_public=True).exists()
        assert not Room.objects.filter(head=0).exclude(mark=0).exists()
    file.write_bytes(whole)
    run("import", str(file))
    assert rows(Room.objects.get()) == before
    assert shown == {True}
    assert "0 entries imported." in run("import", str(file))
    assert rows(Room.objects.get()) == before


def test_an_import_adds_what_a_grown_file_has_more(talk, file, run):
    run("export", "lobby", str(file))
    copy = file.read_bytes()
    store.write([draft(talk, "h", "new text", kind="edit", ref=2), draft(talk, "i")])
    run("export", "lobby", str(file))
    before, grown = move(talk), file.read_bytes()
    file.write_bytes(copy)
    run("import", str(file))
    file.write_bytes(grown)
    assert "2 entries imported." in run("import", str(file))
    assert rows(Room.objects.get()) == before


def test_an_empty_room_of_that_name_is_replaced(talk, file, run, stranger):
    run("export", "lobby", str(file))
    move(talk)
    Room.objects.create(slug="lobby", name="Lobby").members.add(stranger)
    run("import", str(file))
    assert seqs(Room.objects.get()) == [1, 2, 3, 4, 5, 6, 7]
    assert list(Room.objects.get().members.all()) == [stranger]


def test_a_log_whose_oldest_entries_were_deleted_is_imported(talk, file, run):
    Entry.objects.filter(seq__lte=3).delete()
    run("export", "lobby", str(file))
    before = move(talk)
    run("import", str(file))
    assert rows(Room.objects.get()) == before


def test_an_author_is_the_user_of_that_name_or_a_guest(talk, file, run):
    """The number of a user may belong to another person in the other site."""
    run("export", "lobby", str(file))
    for name in ("alice", "mallory"):
        move(Room.objects.filter(slug="lobby").first() or talk)
        users = get_user_model().objects
        old = users.filter(username="alice").first()
        if old:
            old.username = name
            old.save()
        run("import", str(file))
        (key,) = set(Entry.objects.filter(seq__in=[1, 4]).values_list("author_key", flat=True))
        assert (key == f"u-{old.pk}") is (name == "alice")
    assert key.startswith("g-")
    assert len(key) == 18


def test_standard_output_and_input_can_be_used(talk, monkeypatch, capfdbinary):
    call_command("export", "lobby", "-")
    written = capfdbinary.readouterr().out
    before = move(talk)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(written)))
    call_command("import", "-")
    assert rows(Room.objects.get()) == before


def test_bad_input_of_an_export_is_one_sentence(talk, file, tmp_path, refusal):
    assert refusal("export", "nowhere", str(file)) == "There is no room 'nowhere'."
    assert not file.exists()
    missing = tmp_path / "missing" / "file"
    assert "No such file or directory" in refusal("export", "lobby", str(missing))
    for text in ("a letter to somebody\n", "no line", '{"entry":{}}\n'):
        file.write_text(text)
        assert "is not an exported room" in refusal("export", "lobby", str(file))
        assert file.read_text() == text


def test_an_export_does_not_overwrite_that_of_another_room(talk, file, run, refusal):
    run("export", "lobby", str(file))
    before = file.read_bytes()
    Room.objects.create(slug="other", name="Other")
    assert "the log of another room" in refusal("export", "other", str(file))
    assert file.read_bytes() == before


def changed(line, **fields):
    ((kind, found),) = json.loads(line).items()
    return json.dumps({kind: found | fields}).encode() + b"\n"


BAD_ENTRIES = {
    "bad value": {"at": "yesterday"},
    "is missing": {"seq": 9},
    "entry 3 is missing": {"seq": 0},
    "does not know 'colour'": {"colour": "red"},
    "no database stores": {"body": "a\0b"},
    "'kind' has a bad value": {"kind": "shout"},
    "'author_name' has a bad value": {"author_name": "n" * 257},
    "'body' has a bad value": {"body": None},
}


def test_a_bad_entry_is_refused_with_its_line(talk, file, run, refusal):
    run("export", "lobby", str(file))
    found = lines(file)
    move(talk)
    (at,) = (at for at, line in enumerate(found) if b'"seq":3,' in line)
    for reason, fields in BAD_ENTRIES.items():
        bad = [*found[:at], changed(found[at], **fields), *found[at + 1 :]]
        file.write_bytes(b"".join(bad))
        said = refusal("import", str(file))
        assert f"Line {at + 1}:" in said
        assert reason in said


def test_bad_input_of_an_import_is_one_sentence(talk, file, tmp_path, run, refusal):
    assert "No such file" in refusal("import", str(tmp_path / "missing"))
    for text in ("", "hello\n", '{"user":{}}\n', "[]\n", '{"room":[]}\n', "[" * 100_000 + "\n"):
        file.write_text(text)
        assert "is not" in refusal("import", str(file)), text
    file.unlink()
    run("export", "lobby", str(file))
    found = lines(file)
    file.write_bytes(changed(found[0], epoch="x y") + b"".join(found[1:]))
    assert "'epoch' has a bad value" in refusal("import", str(file))


def test_another_log_is_never_continued(talk, file, run, refusal):
    run("export", "lobby", str(file))
    Room.objects.update(epoch="0123")
    assert "another log" in refusal("import", str(file))
    Room.objects.update(epoch=talk.epoch)
    Entry.objects.filter(seq=7).update(at=talk.entries.get(seq=1).at.replace(year=2001))
    assert "another entry 7" in refusal("import", str(file))


def test_entries_of_another_room_are_not_taken_over(talk, file, run, refusal):
    run("export", "lobby", str(file))
    other = Room.objects.create(slug="other", name="Other")
    Entry.objects.update(room=other)
    talk.delete()
    assert "in another room already" in refusal("import", str(file))
