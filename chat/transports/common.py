"""What all transports of a room share: readers, write commands, and who the client is."""

from collections.abc import Mapping
from typing import Any

from django.db import Error as DatabaseError

from chat import rooms
from chat.identity import members, names
from chat.identity.members import Member
from chat.models import Room
from chat.protocol import commands, frames
from chat.worker import current
from realtime.errors import Refused, unavailable
from realtime.log.reader import Reader
from realtime.log.tail import LogEnded


async def identify(
    user: Any, cookies: Mapping[str, str], name: str | None
) -> tuple[Member, str | None]:
    """The member: a user, the guest in the cookie, or a new guest under the name that the client
    asks for; and why not under that name. Raises Refused while the database is away."""
    if user.is_authenticated:
        return members.user_member(user), None
    return await names.with_available_name(members.guest_of(cookies) or members.new_guest(name))


async def open_reader(room: Room, transport: str) -> Reader:
    """A reader at the room's head, which is not before `room.head`. Raises Refused if the room is
    gone, the database away, or the room was closed to the public after it was looked up."""
    try:
        reader = await current().tails.open(room.pk, transport, room.head)
    except LogEnded:
        raise Refused("gone", "The room is gone.") from None
    except DatabaseError:
        raise unavailable() from None
    if room.is_public and not reader.tail.is_public:
        reader.close()
        raise unavailable()
    return reader


async def resume(reader: Reader, cursor: str | None) -> bool:
    """As `Reader.resume`. Raises Refused while the database is away, and if the log was replaced
    a moment ago."""
    try:
        return await reader.resume(cursor)
    except (DatabaseError, LogEnded):
        raise unavailable() from None


async def write(room: Room, member: Member, command: commands.WriteCommand) -> str:
    """Appends an entry and returns the `ack` frame with its seq. Raises Refused."""
    cid = command.cid
    match command:
        case commands.Say():
            receipt = await rooms.say(room, member, cid, command.body, command.reply_to)
        case commands.Edit():
            receipt = await rooms.edit(room, member, cid, command.ref, command.body)
        case commands.Delete():
            receipt = await rooms.delete(room, member, cid, command.ref)
    seq, duplicate = receipt.seq, receipt.duplicate
    return frames.encode("ack", room=room.slug, cid=cid, seq=seq, duplicate=duplicate)
