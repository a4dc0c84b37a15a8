import asyncio

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError

from chat import rooms
from chat.identity.members import Member, new_guest, user_member
from chat.log import store
from chat.models import Entry
from chat.protocol import entries
from realtime.errors import Refused
from realtime.rate_limit import Buckets

pytestmark = pytest.mark.django_db(transaction=True)

GUEST = Member("g-1", "Ann", guest=True)


async def refusal(asked):
    with pytest.raises(Refused) as caught:
        await asked
    return caught.value


async def test_any_member_may_enter_a_public_room(lobby, alice):
    assert await rooms.enter("lobby", GUEST) == lobby
    assert await rooms.enter("lobby", user_member(alice)) == lobby


async def test_members_and_staff_may_enter_a_room_that_is_not_public(backroom, alice, boss):
    assert await rooms.enter("backroom", user_member(alice)) == backroom
    assert await rooms.enter("backroom", user_member(boss)) == backroom


async def test_guests_and_other_users_may_not_enter_a_room_that_is_not_public(backroom, stranger):
    for member in (GUEST, user_member(stranger)):
        assert (await refusal(rooms.enter("backroom", member))).code == "forbidden"


async def test_a_user_who_is_not_active_may_not_enter(backroom, alice):
    await type(alice).objects.aupdate(is_active=False)
    assert (await refusal(rooms.enter("backroom", user_member(alice)))).code == "forbidden"


@pytest.mark.parametrize("slug", ["nowhere", "", "LOBBY", "a" * 9_999, "\0"])
async def test_enter_refuses_a_slug_without_a_room(lobby, slug):
    assert (await refusal(rooms.enter(slug, GUEST))).code == "not_found"


async def test_say_appends_an_entry(lobby):
    receipt = await rooms.say(lobby, GUEST, "a", " 你\r\n好\r ")
    entry = await Entry.objects.aget(seq=receipt.seq)
    assert (entry.author_key, entry.author_name, entry.body) == ("g-1", "Ann", " 你\n好\n ")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "bad_frame"),
        (" \n\t", "bad_frame"),
        ("a\0b", "bad_frame"),
        ("👨‍👩‍👧‍👦" * 4_001, "too_long"),
    ],
)
async def test_say_refuses_a_bad_body(lobby, body, code):
    assert (await refusal(rooms.say(lobby, GUEST, "a", body))).code == code
    assert not await Entry.objects.aexists()


async def test_the_length_of_a_body_is_counted_in_graphemes(lobby):
    assert (await rooms.say(lobby, GUEST, "a", "👨‍👩‍👧‍👦" * 4_000)).seq == 1


async def test_too_many_messages_are_refused_with_a_retry_time(lobby, monkeypatch):
    monkeypatch.setattr(rooms, "message_rate", Buckets(rate=0.01, burst=2))
    for cid in "ab":
        await rooms.say(lobby, GUEST, cid, cid)
    refused = await refusal(rooms.say(lobby, GUEST, "c", "c"))
    assert refused.code == "rate_limited"
    assert 90_000 < refused.retry_after_ms <= 100_001
    assert (await rooms.say(lobby, new_guest(), "d", "d")).seq == 3


async def test_an_author_edits_and_deletes_a_message(lobby):
    await rooms.say(lobby, GUEST, "a", "old")
    await rooms.edit(lobby, GUEST, "b", 1, "new")
    assert (await Entry.objects.aget(seq=1)).body == "new"
    await rooms.delete(lobby, GUEST, "c", 1)
    assert (await Entry.objects.aget(seq=1)).deleted
    assert (await refusal(rooms.edit(lobby, GUEST, "d", 1, "back"))).code == "not_found"


async def test_only_a_moderator_changes_messages_of_others(lobby, alice, boss):
    await rooms.say(lobby, GUEST, "a", "old")
    for member in (new_guest(), user_member(alice)):
        assert (await refusal(rooms.edit(lobby, member, "b", 1, "new"))).code == "forbidden"
        assert (await refusal(rooms.delete(lobby, member, "c", 1))).code == "forbidden"
    await rooms.delete(lobby, user_member(boss), "d", 1)
    assert (await Entry.objects.aget(seq=1)).body == ""


async def test_a_former_moderator_may_not_change_messages_of_others(lobby, boss):
    await rooms.say(lobby, GUEST, "a", "old")
    await type(boss).objects.aupdate(is_staff=False)
    assert (await refusal(rooms.delete(lobby, user_member(boss), "d", 1))).code == "forbidden"


@pytest.mark.parametrize(("body", "code"), [("", "bad_frame"), ("x" * 4_001, "too_long")])
async def test_an_edit_is_checked_like_a_message(lobby, body, code):
    await rooms.say(lobby, GUEST, "a", "old")
    assert (await refusal(rooms.edit(lobby, GUEST, "b", 1, body))).code == code


async def test_a_reply_to_a_message_that_does_not_exist_is_refused(lobby):
    assert (await refusal(rooms.say(lobby, GUEST, "a", "b", reply_to=9))).code == "not_found"


async def test_say_while_the_database_is_away_is_refused_with_a_retry_time(lobby, monkeypatch):
    def away(drafts):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", away)
        refused = await refusal(rooms.say(lobby, GUEST, "a", "b"))
    assert (refused.code, refused.retry_after_ms) == ("internal", 1_000)
    assert not (await rooms.say(lobby, GUEST, "a", "b")).duplicate


async def test_say_in_a_room_that_was_just_deleted_is_refused(lobby):
    await type(lobby).objects.all().adelete()
    assert (await refusal(rooms.say(lobby, GUEST, "a", "b"))).code == "gone"


async def test_history_returns_pages_of_older_entries(lobby, monkeypatch):
    await asyncio.gather(*(rooms.say(lobby, GUEST, str(n), "x" * 10) for n in range(6)))
    found, more = await rooms.history(lobby, before=6, limit=3)
    assert ([entry[:8] for entry in found], more) == (['{"seq":3', '{"seq":4', '{"seq":5'], True)
    found, more = await rooms.history(lobby, before=3, limit=3)
    assert ([entry[:8] for entry in found], more) == (['{"seq":1', '{"seq":2'], False)
    monkeypatch.setattr(entries, "MAX_FRAME_CHARACTERS", 1)
    found, more = await rooms.history(lobby, before=6, limit=3)
    assert ([entry[:8] for entry in found], more) == (['{"seq":5'], True)


async def test_enter_while_the_database_is_away_is_refused(lobby, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr(rooms.Room.objects, "filter", away)
    assert (await refusal(rooms.enter("lobby", GUEST))).code == "internal"


async def test_open_to_lists_public_rooms_and_those_of_the_member(
    lobby, backroom, alice, stranger, boss
):
    await rooms.Room.objects.acreate(slug="empty", name="Empty", is_public=False)

    async def slugs(member):
        return {room.slug async for room in await database_sync_to_async(rooms.open_to)(member)}

    assert await slugs(GUEST) == {"lobby"}
    assert await slugs(user_member(stranger)) == {"lobby"}
    assert await slugs(user_member(alice)) == {"lobby", "backroom"}
    assert await slugs(user_member(boss)) == {"lobby", "backroom", "empty"}
