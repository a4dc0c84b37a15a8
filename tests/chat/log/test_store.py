import json

import pytest
from channels.db import database_sync_to_async

from chat.identity.members import clean_name
from chat.log import store
from chat.log.store import Appended, Draft
from chat.models import Entry, Room
from realtime.errors import Refused
from realtime.log.cursor import Cursor

pytestmark = pytest.mark.django_db(transaction=True)


def draft(room, cid="a", body="b", author="g-1", **fields):
    return Draft(room.pk, fields.pop("kind", "say"), author, "Ann", cid, body, **fields)


async def cursor_at(room, seq):
    """The cursor after an entry."""
    entry = await Entry.objects.filter(room=room, seq=seq).afirst()
    return str(Cursor(room.epoch, seq, entry.mark if entry else 0))


def seqs(room):
    return list(Entry.objects.filter(room=room).order_by("seq").values_list("seq", flat=True))


def test_seqs_are_dense_in_the_order_of_the_drafts(lobby):
    written = store.write([draft(lobby, str(number)) for number in range(3)])
    assert written.results == [Appended(seq, duplicate=False) for seq in (1, 2, 3)]
    assert store.write([draft(lobby, "next")]).results == [Appended(4, duplicate=False)]
    lobby.refresh_from_db()
    assert lobby.head == 4


def test_each_room_has_seqs_of_its_own(lobby):
    other = Room.objects.create(slug="other", name="Other")
    written = store.write([draft(lobby, "1"), draft(other, "2"), draft(lobby, "3")])
    assert [receipt.seq for receipt in written.results] == [1, 1, 2]
    assert {span.log: (span.first, len(span.encoded)) for span in written.spans} == {
        lobby.pk: (1, 2),
        other.pk: (1, 1),
    }


def test_the_same_cid_again_is_the_same_entry(lobby):
    store.write([draft(lobby)])
    again = store.write([draft(lobby)])
    assert again.results == [Appended(1, duplicate=True)]
    assert again.spans == []
    assert seqs(lobby) == [1]


def test_the_same_cid_twice_in_one_batch_is_one_entry(lobby):
    first, second = store.write([draft(lobby), draft(lobby)]).results
    assert (first, second) == (Appended(1, duplicate=False), Appended(1, duplicate=True))


def test_two_authors_may_use_the_same_cid(lobby):
    results = store.write([draft(lobby, author="g-1"), draft(lobby, author="g-2")]).results
    assert [receipt.seq for receipt in results] == [1, 2]


def test_the_same_cid_with_another_body_is_a_conflict(lobby):
    other = Room.objects.create(slug="other", name="Other")
    store.write([draft(lobby)])
    written = store.write([draft(lobby, body="c"), draft(other), draft(lobby, reply_to=1)])
    assert [result.code for result in written.results] == ["cid_conflict"] * 3
    assert seqs(lobby) == [1]


def test_a_retry_after_an_edit_or_a_deletion_is_still_a_retry(lobby):
    store.write([draft(lobby, "a"), draft(lobby, "e", "new", kind="edit", ref=1)])
    assert store.write([draft(lobby, "a")]).results == [Appended(1, duplicate=True)]
    store.write([draft(lobby, "d", "", kind="delete", ref=1)])
    edit = draft(lobby, "e", "new", kind="edit", ref=1)
    assert store.write([edit]).results == [Appended(2, duplicate=True)]


def test_the_cid_of_an_edited_message_conflicts_with_another_command(lobby):
    store.write([draft(lobby, "a"), draft(lobby, "e", "new", kind="edit", ref=1)])
    others = [draft(lobby, "a", "", kind="delete", ref=1), draft(lobby, "a", reply_to=1)]
    assert [result.code for result in store.write(others).results] == ["cid_conflict"] * 2


def test_a_refused_draft_takes_no_seq_and_does_not_affect_the_others(lobby):
    gone = Room(pk=999_999)
    written = store.write(
        [draft(lobby, "1"), draft(gone, "2"), draft(lobby, "3", reply_to=9), draft(lobby, "4")]
    )
    kinds = [
        result.code if isinstance(result, Refused) else result.seq for result in written.results
    ]
    assert kinds == [1, "gone", "not_found", 2]


def test_a_reply_may_refer_to_a_message_of_the_same_batch(lobby):
    assert store.write([draft(lobby, "1"), draft(lobby, "2", reply_to=1)]).results[1].seq == 2


def test_an_edit_replaces_the_body(lobby):
    store.write([draft(lobby, "1", "old"), draft(lobby, "2", "new", kind="edit", ref=1)])
    entry = Entry.objects.get(seq=1)
    assert entry.body == "new"
    assert entry.edited_at is not None


def test_a_deletion_empties_the_body_and_its_edits(lobby):
    store.write([draft(lobby, "1", "secret"), draft(lobby, "2", "secret too", kind="edit", ref=1)])
    store.write([draft(lobby, "3", "", kind="delete", ref=1)])
    assert set(Entry.objects.values_list("body", flat=True)) == {""}
    assert Entry.objects.get(seq=1).deleted
    assert seqs(lobby) == [1, 2, 3]


@pytest.mark.parametrize("ref", [2, 3, 9])
def test_only_an_existing_message_can_be_deleted(lobby, ref):
    store.write([draft(lobby, "1"), draft(lobby, "2"), draft(lobby, "3", "", kind="delete", ref=2)])
    (refusal,) = store.write([draft(lobby, "4", "", kind="delete", ref=ref)]).results
    assert refusal.code == "not_found"


def test_a_message_deleted_in_a_batch_cannot_be_edited_later_in_it(lobby):
    store.write([draft(lobby, "1", "secret")])
    delete = draft(lobby, "2", "", kind="delete", ref=1)
    edit = draft(lobby, "3", "back", kind="edit", ref=1)
    again = draft(lobby, "4", "", kind="delete", ref=1)
    results = store.write([delete, edit, again]).results
    assert [getattr(result, "code", "ok") for result in results] == ["ok", "not_found", "not_found"]
    assert Entry.objects.get(seq=1).body == ""


def test_only_the_author_or_a_moderator_may_change_a_message(lobby):
    store.write([draft(lobby, "1", author="g-1")])
    edit = {"kind": "edit", "ref": 1}
    (refusal,) = store.write([draft(lobby, "2", "new", author="g-2", **edit)]).results
    assert refusal.code == "forbidden"
    (receipt,) = store.write(
        [draft(lobby, "3", "new", author="u-3", moderator=True, **edit)]
    ).results
    assert receipt.seq == 2


def test_every_allowed_guest_name_can_be_stored(lobby):
    tower = "e" + "\u0332" * 30
    name = clean_name(tower * 8)
    store.write([Draft(lobby.pk, "say", "g-1", name, "c", "b")])
    Entry._meta.get_field("author_name").run_validators(name)


# ---- Reading -------------------------------------------------------------------------


async def test_entries_are_read_before_and_after_a_seq(lobby):
    await database_sync_to_async(store.write)([draft(lobby, str(n), str(n)) for n in range(1, 8)])

    def bodies(found):
        return [json.loads(entry)["body"] for entry in found]

    marks = [entry.mark async for entry in Entry.objects.filter(room=lobby).order_by("seq")]
    newest = await store.newest(lobby.pk, 3)
    assert (newest.first, newest.epoch, bodies(newest.encoded)) == (5, lobby.epoch, ["5", "6", "7"])
    assert (newest.previous, newest.marks) == (marks[3], marks[4:])
    after = await store.after(lobby.pk, 2, 3)
    assert (after.first, after.epoch, bodies(after.encoded)) == (3, lobby.epoch, ["3", "4", "5"])
    assert (after.previous, after.marks) == (marks[1], marks[2:5])
    assert bodies(await store.before(lobby.pk, 6, 3)) == ["3", "4", "5"]
    heads = await store.heads([lobby.pk, 999])
    assert heads == {lobby.pk: store.Head(lobby.epoch, 7, marks[6], True)}


async def test_the_whole_log_has_no_mark_before_it(lobby):
    await database_sync_to_async(store.write)([draft(lobby, str(n)) for n in range(3)])
    for span in (await store.newest(lobby.pk, 3), await store.after(lobby.pk, 0, 3)):
        assert (span.first, span.previous, span.last) == (1, 0, 3)


async def test_an_empty_room_has_a_span_and_a_missing_room_has_none(lobby):
    empty = await store.newest(lobby.pk, 3)
    assert (empty.first, empty.last, empty.previous) == (1, 0, 0)
    assert await store.after(lobby.pk, 0, 3) == empty
    assert await store.newest(999_999, 3) is None
    assert await store.after(999_999, 0, 3) is None


async def test_nothing_follows_an_entry_that_does_not_exist(lobby):
    await database_sync_to_async(store.write)([draft(lobby)])
    assert (await store.after(lobby.pk, 1, 3)).encoded == []
    assert await store.after(lobby.pk, 2, 3) is None
