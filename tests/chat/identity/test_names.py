import asyncio

import pytest

from chat.identity import names
from chat.identity.members import BadName, Member, new_guest
from chat.worker import current

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_guest_gets_the_name_that_they_ask_for():
    guest = new_guest(" Zoe\u0308 ")
    assert await names.with_available_name(guest) == (Member(guest.key, "Zoë", guest=True), None)


@pytest.mark.parametrize("name", ["alice", "ALICE", "a\nb", "x" * 33])
async def test_a_guest_whose_name_is_not_available_gets_the_default_name(alice, name):
    guest = new_guest(name)
    admitted, reason = await names.with_available_name(guest)
    assert admitted == Member(guest.key, f"guest-{guest.key[-4:]}", guest=True)
    assert reason


async def test_a_guest_cannot_take_the_name_of_somebody_online():
    with current().presence_sync.connected(Member("g-2", "Zoë", guest=True)):
        assert (await names.with_available_name(new_guest("zoë")))[1] == "The name zoë is taken."
        assert await names.available_name("Zoë", "g-2") == "Zoë"  # their own other tab
    assert (await names.with_available_name(new_guest("zoë")))[1] is None


async def test_available_name_raises_bad_name_with_the_reason(alice):
    with pytest.raises(BadName, match="taken"):
        await names.available_name("Alice", "g-1")


async def test_of_many_guests_who_ask_at_once_only_the_first_gets_the_name():
    async def come():
        guest, _ = await names.with_available_name(new_guest("Twin"))
        with current().presence_sync.connected(guest):
            called.append(guest.name)
            await everybody.wait()

    called, everybody = [], asyncio.Barrier(8)
    await asyncio.gather(*(come() for _ in range(8)))
    assert called.count("Twin") == 1
    assert len(called) == 8
