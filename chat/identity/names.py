"""Which name somebody may have: nobody else's, here or on another worker."""

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from chat import rooms
from chat.identity import members
from chat.identity.members import BadName, Member
from chat.worker import current


async def checked_name(name: str, key: str) -> str:
    """The name in its one spelling, if the guest `key` may have it. BadName says why not.

    Who is online is asked last, and not in another thread: whoever then takes the name in the
    same turn of the loop is the only one who does.
    """
    name = members.clean_name(name)
    await current().presence_sync.ready()
    is_users = await database_sync_to_async(members.is_users_name)(name)
    if is_users or current().presence.has_name(name, except_key=key):
        raise BadName(members.taken(name))
    return name


async def admit(guest: Member) -> tuple[Member, str | None]:
    """The guest as they may be called, and why not otherwise. Somebody may have got the name
    since, by signing up or by being online under it."""
    if guest.name == members.default_name(guest.key):
        return guest, None
    try:
        return Member(guest.key, await checked_name(guest.name, guest.key), guest=True), None
    except BadName as reason:
        return Member(guest.key, members.default_name(guest.key), guest=True), str(reason)
    except DatabaseError:
        raise rooms.unavailable() from None
