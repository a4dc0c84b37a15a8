"""Which names guests may have: no two members have the same, on any worker."""

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from chat.identity import members
from chat.identity.members import BadName, Member
from chat.worker import current
from realtime.errors import unavailable


async def available_name(name: str, key: str) -> str:
    """The normalized name, if the guest `key` may have it. Raises BadName, or DatabaseError.

    The presence is checked last, without a thread switch before the caller continues: of two
    guests who ask for a name at the same time, only the first one finds it free.
    """
    name = members.clean_name(name)
    await current().presence_sync.ready()
    is_username = await database_sync_to_async(members.is_username)(name)
    if is_username or current().presence.has_name(name, except_key=key):
        raise BadName(members.taken_message(name))
    return name


async def with_available_name(guest: Member) -> tuple[Member, str | None]:
    """The guest, under the default name if the chosen one is not available; and why it is not. It
    may have been taken since the guest chose it. Raises Refused while the database is away."""
    default = members.default_name(guest.key)
    if guest.name == default:
        return guest, None
    try:
        return Member(guest.key, await available_name(guest.name, guest.key), guest=True), None
    except BadName as reason:
        return Member(guest.key, default, guest=True), str(reason)
    except DatabaseError:
        raise unavailable() from None
