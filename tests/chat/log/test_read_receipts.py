import asyncio

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError

from chat.log import read_receipts, store
from chat.log.read_receipts import ReadReceipt
from chat.log.store import Draft
from chat.models import Room
from chat.worker import current
from realtime.log.group_commit import Unavailable
from tests.chat.log.test_store import draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ten(lobby):
    """The lobby with ten messages of one author."""
    store.write([draft(lobby, str(number)) for number in range(10)])
    return lobby


def test_a_stored_seq_never_goes_back(ten):
    assert read_receipts.write([ReadReceipt(ten.pk, "g-1", 4)]).results == [4]
    assert read_receipts.write([ReadReceipt(ten.pk, "g-1", 7)]).results == [7]
    assert read_receipts.write([ReadReceipt(ten.pk, "g-1", 5)]).results == [7]
    assert read_receipts.of_reader("g-1") == {ten.pk: 7}


def test_a_stored_seq_is_never_beyond_the_log(ten):
    assert read_receipts.write([ReadReceipt(ten.pk, "g-1", 2**53 - 1)]).results == [10]


def test_the_highest_of_several_receipts_is_stored(ten):
    asked = [
        ReadReceipt(ten.pk, "g-1", 3),
        ReadReceipt(ten.pk, "g-2", 2),
        ReadReceipt(ten.pk, "g-1", 6),
    ]
    assert read_receipts.write([*asked, ReadReceipt(ten.pk, "g-1", 5)]).results == [6, 2, 6, 6]


def test_a_deleted_room_has_no_receipts(ten):
    assert read_receipts.write(
        [ReadReceipt(ten.pk + 1, "g-1", 3), ReadReceipt(ten.pk, "g-1", 3)]
    ).results == [
        0,
        3,
    ]
    ten.delete()
    assert read_receipts.of_reader("g-1") == {}


def test_a_higher_seq_that_another_worker_stores_at_the_same_time_stays(ten, monkeypatch):
    """Another worker stores 8 after this one has read the rows and before it stores 5."""
    read_receipts.write([ReadReceipt(ten.pk, "g-1", 8)])
    monkeypatch.setattr(read_receipts, "_stored", lambda asked: {})
    read_receipts.write([ReadReceipt(ten.pk, "g-1", 5)])
    assert read_receipts.of_reader("g-1") == {ten.pk: 8}


def test_messages_of_others_are_unread(ten):
    def by(cid, key, **fields):
        return Draft(ten.pk, fields.pop("kind", "say"), key, "N", cid, "b", **fields)

    drafts = [by("a", "g-2"), by("b", "g-9"), by("c", "g-9"), by("d", "g-9", kind="edit", ref=12)]
    store.write([*drafts, by("e", "g-9", kind="delete", ref=13)])
    assert read_receipts.count_unread(ten.pk, "g-2", 10) == 1
    assert read_receipts.count_unread(ten.pk, "g-2", 12) == 0
    assert read_receipts.count_unread(ten.pk, "g-3", 10) == 2
    assert read_receipts.count_unread(ten.pk, "g-3", 0) == 12


def test_the_count_of_unread_messages_has_a_limit(ten, monkeypatch):
    monkeypatch.setattr(read_receipts, "UNREAD_MOST", 6)
    assert read_receipts.count_unread(ten.pk, "g-3", 0) == 6


async def test_receipts_of_many_people_need_few_transactions(lobby, monkeypatch):
    await database_sync_to_async(store.write)([draft(lobby)])
    write, sizes = read_receipts.write, []

    def counted(asked):
        sizes.append(len(asked))
        return write(asked)

    monkeypatch.setattr(read_receipts, "write", counted)
    asked = [
        current().receipts.add(ReadReceipt(lobby.pk, f"g-{number}", 1)) for number in range(100)
    ]
    assert await asyncio.gather(*asked) == [1] * 100
    assert sizes == [100]


async def test_the_database_is_away(lobby, monkeypatch):
    def locked(asked):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(read_receipts, "write", locked)
        with pytest.raises(Unavailable):
            await current().receipts.add(ReadReceipt(lobby.pk, "g-1", 1))
    assert await current().receipts.add(ReadReceipt(lobby.pk, "g-1", 1)) == 0


def test_the_list_of_rooms_has_the_unread_counts(ten, client):
    client.get("/chat/lobby/")
    Room.objects.create(slug="other", name="Other")
    key = client.cookies["guest"].value
    assert [room["unread"] for room in client.get("/api/rooms").json()["rooms"]] == [None, None]
    command = {"type": "read", "room": "lobby", "seq": 4}
    answer = client.post("/api/rooms/lobby/entries", command, content_type="application/json")
    assert answer.json() == {"type": "read", "room": "lobby", "seq": 4, "unread": 6}
    assert client.get("/api/rooms").json()["rooms"][0] == {
        "slug": "lobby",
        "name": "Lobby",
        "topic": "",
        "is_public": True,
        "head": 10,
        "unread": 6,
    }
    assert client.cookies["guest"].value == key
