"""What every tap does alike: carry out a command that writes, and answer it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from channels.auth import get_user
from django.conf import settings
from django.db import Error as DatabaseError

from chat import rooms
from chat.identity import members, names
from chat.identity.members import Member
from chat.models import Room
from chat.protocol import frames
from chat.worker import current
from realtime.log.reader import Reader
from realtime.log.tail import LogEnded

# A member, and why not under the name that they wanted.
Admitted = tuple[Member, str | None]


async def open_reader(room: Room, tap: str) -> Reader:
    """A reader at the room's head, through a tap. Refused if the room is gone or the database
    away, and for now if it was closed to the public after it was entered."""
    try:
        reader = await current().tails.open(room.pk, tap)
    except LogEnded:
        raise rooms.Refused("gone", "The room is gone.") from None
    except DatabaseError:
        raise rooms.unavailable() from None
    if room.is_public and not reader.tail.is_public:
        reader.close()
        raise rooms.unavailable()
    return reader


async def resume(reader: Reader, cursor: str | None) -> bool:
    """As `Reader.resume`. Refused while the database is away."""
    try:
        return await reader.resume(cursor)
    except DatabaseError:
        raise rooms.unavailable() from None


async def admit(user: Any, cookies: Mapping[str, str], name: str | None) -> Admitted:
    """Who asks: a user, the guest of a cookie, or a new one under the name that they ask for.
    Refused while the database is away."""
    if user.is_authenticated:
        return members.user_member(user), None
    return await names.admit(members.guest_of(cookies) or members.new_guest(name))


async def is_logged_in(member: Member, session_key: str | None) -> bool:
    """Whether a member is still who the session says: a user who has not logged out, or a guest
    who has none. DatabaseError."""
    if session_key is None:
        return member.guest
    user = await user_of(session_key)
    return bool(user.pk == member.user_id)


async def user_of(session_key: str | None) -> Any:
    """The user whose session this is now. DatabaseError."""
    fresh = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    # All that it looks at of a scope is the session.
    return await get_user(cast(Any, {"session": fresh}))


async def write(room: Room, member: Member, command: frames.Write) -> str:
    """Adds an entry, and returns the `ack` that says where it stands. Refused if it cannot be."""
    cid = command.cid
    match command:
        case frames.Say():
            receipt = await rooms.say(room, member, cid, command.body, command.reply_to)
        case frames.Edit():
            receipt = await rooms.edit(room, member, cid, command.ref, command.body)
        case frames.Delete():
            receipt = await rooms.delete(room, member, cid, command.ref)
    seq, duplicate = receipt.seq, receipt.duplicate
    return frames.encode("ack", room=room.slug, cid=cid, seq=seq, duplicate=duplicate)


def refusal(refused: rooms.Refused, cid: str | None = None, room: str | None = None) -> str:
    """The `error` that says why not."""
    return frames.encode(
        "error",
        code=refused.code,
        message=refused.message,
        cid=cid,
        room=room,
        retry_after_ms=refused.retry_after_ms,
    )
