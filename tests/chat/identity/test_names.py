import asyncio

import pytest

from chat.identity import names
from chat.identity.members import BadName, Member, new_guest
from chat.worker import current

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_guest_has_the_name_that_they_ask_for():
    guest = new_guest(" Zoe\u0308 ")
    assert await names.admit(guest) == (Member(guest.key, "Zoë", guest=True), None)


@pytest.mark.parametrize("name", ["alice", "ALICE", "a\nb", "x" * 33])
async def test_a_guest_whose_name_cannot_be_had_has_another(alice, name):
    guest = new_guest(name)
    admitted, reason = await names.admit(guest)
    assert admitted == Member(guest.key, f"guest-{guest.key[-4:]}", guest=True)
    assert reason


async def test_a_guest_cannot_take_the_name_of_somebody_online():
    with current().presence_sync.connected(Member("g-2", "Zoë", guest=True)):
        assert (await names.admit(new_guest("zoë")))[1] == "The name zoë is taken."
        assert await names.checked_name("Zoë", "g-2") == "Zoë"  # their own other tab
    assert (await names.admit(new_guest("zoë")))[1] is None


async def test_checked_name_says_why_not(alice):
    with pytest.raises(BadName, match="taken"):
        await names.checked_name("Alice", "g-1")


async def test_a_name_is_had_by_the_first_of_many_who_ask_at_once():
    async def come():
        guest, _ = await names.admit(new_guest("Twin"))
        with current().presence_sync.connected(guest):
            called.append(guest.name)
            await everybody.wait()

    called, everybody = [], asyncio.Barrier(8)
    await asyncio.gather(*(come() for _ in range(8)))
    assert called.count("Twin") == 1
    assert len(called) == 8
