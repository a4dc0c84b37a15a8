"""What every tap does alike: carry out a command that writes, and answer it."""

from chat import frames, rooms
from chat.members import Member
from chat.models import Room


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
