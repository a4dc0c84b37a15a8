"""What a member can do in a room. Every transport calls these functions; nothing else writes to a
room's log."""

from time import monotonic

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.validators import slug_re
from django.db import Error as DatabaseError
from django.db.models import OuterRef, Q, QuerySet, Subquery

from chat.identity.members import Member
from chat.log import read_receipts, store
from chat.log.read_receipts import ReadReceipt
from chat.log.store import Appended, Draft
from chat.models import Entry, ReadMark, Room
from chat.presence.ephemeral import EphemeralEvent, Subscriber
from chat.protocol import entries
from chat.worker import current
from realtime import graphemes
from realtime.errors import Refused, unavailable
from realtime.log.group_commit import Unavailable
from realtime.rate_limit import Buckets

message_rate = Buckets(settings.CHAT_MESSAGES_PER_SECOND, settings.CHAT_BURST)
# When a worker restarts, all tabs of a person reconnect at once, each to all of its rooms. The
# burst is four tabs with as many rooms as a socket may follow.
join_rate = Buckets(rate=5, burst=200)


# ---- Access --------------------------------------------------------------------------


@database_sync_to_async
def enter(slug: str, member: Member) -> Room:
    """The room, with `read_to` of the member. Raises Refused if it does not exist, if the member
    may not enter it, or while the database is away."""
    receipts = ReadMark.objects.filter(room=OuterRef("pk"), reader_key=member.key).values("seq")
    try:
        found = Room.objects.filter(slug=slug).annotate(receipt=Subquery(receipts))
        # Databases raise errors for text that they cannot store, such as NUL.
        room = found.first() if slug_re.match(slug) else None
        allowed = room is not None and may_enter(room, member)
    except DatabaseError:
        raise unavailable() from None
    if room is None:
        raise Refused("not_found", "There is no such room.")
    if not allowed:
        raise Refused("forbidden", "This room is not open to you.")
    room.read_to = room.receipt or 0
    return room


async def join(slug: str, member: Member) -> Room:
    """As `enter`, for a member who starts to follow the room. Raises Refused also if the member
    joins too often."""
    check_rate(join_rate, member, "joins")
    return await enter(slug, member)


def may_enter(room: Room, member: Member) -> bool:
    """Whether a member may read and write in a room. Reads the database."""
    return room.is_public or open_to(member).filter(pk=room.pk).exists()


def open_to(member: Member) -> QuerySet[Room]:
    """The rooms that a member may enter: public rooms and the member's own; for staff all."""
    public = Room.objects.filter(is_public=True)
    if member.user_id is None:
        return public
    users = get_user_model()._default_manager
    user = users.filter(pk=member.user_id, is_active=True).first()
    if user is None:
        return public
    allowed = Q(is_public=True) | Q(members=user)
    return Room.objects.all() if user.is_staff else Room.objects.filter(allowed).distinct()


async def is_moderator(member: Member) -> bool:
    """Whether a member may change the messages of others: staff may. Raises Refused while the
    database is away."""
    if member.user_id is None:
        return False
    users = get_user_model()._default_manager
    staff = users.filter(pk=member.user_id, is_active=True, is_staff=True)
    try:
        return await database_sync_to_async(staff.exists)()
    except DatabaseError:
        raise unavailable() from None


def listed(member: Member) -> list[Room]:
    """The rooms that a member may enter, each with `unread`: the number of messages of others
    after the member's read receipt; None without a receipt. Reads the database."""
    read_to = read_receipts.of_reader(member.key)
    found = list(open_to(member))
    for room in found:
        seq = read_to.get(room.pk)
        room.unread = None if seq is None else read_receipts.count_unread(room.pk, member.key, seq)
    return found


# ---- Writing -------------------------------------------------------------------------


async def say(
    room: Room, member: Member, cid: str, body: str, reply_to: int | None = None
) -> Appended:
    """Appends a message to the log. Raises Refused."""
    body = checked_body(body)
    check_rate(message_rate, member, "messages")
    return await _append(room, member, Entry.Kind.SAY, cid, body=body, reply_to=reply_to)


async def edit(room: Room, member: Member, cid: str, ref: int, body: str) -> Appended:
    """Replaces the body of the message `ref`: the member's own, or as a moderator any. Raises
    Refused."""
    body = checked_body(body)
    check_rate(message_rate, member, "messages")
    return await _append(room, member, Entry.Kind.EDIT, cid, body=body, ref=ref)


async def delete(room: Room, member: Member, cid: str, ref: int) -> Appended:
    """Deletes the body of the message `ref`: the member's own, or as a moderator any. Raises
    Refused."""
    return await _append(room, member, Entry.Kind.DELETE, cid, ref=ref)


def check_rate(rate: Buckets, member: Member, what: str) -> None:
    """Counts one action of a member. Raises Refused if it exceeds the rate."""
    wait = rate.take(member.key, monotonic())
    if wait:
        current().counters.refusals[what] += 1
        message = f"Too many {what} at once. The next may come in {max(wait, 0.1):.1f} s."
        raise Refused("rate_limited", message, int(wait * 1000) + 1)


async def _append(
    room: Room,
    member: Member,
    kind: str,
    cid: str,
    *,
    body: str = "",
    ref: int | None = None,
    reply_to: int | None = None,
) -> Appended:
    # Looked up for every change, so that a right that was taken away ends at once.
    moderator = ref is not None and await is_moderator(member)
    draft = Draft(
        room.pk, kind, member.key, member.name, cid, body, ref, reply_to, moderator=moderator
    )
    worker, started_at = current(), monotonic()
    try:
        receipt = await worker.writer.add(draft)
    except Unavailable:
        worker.counters.append_failures += 1
        raise unavailable() from None
    worker.counters.append_seconds.add(monotonic() - started_at)
    return receipt


def checked_body(body: str) -> str:
    """The body with LF as line end. Raises Refused if it is empty, too long or contains NUL."""
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    if not body.strip():
        raise Refused("bad_frame", "A message has at least one character.")
    if "\0" in body:
        raise Refused("bad_frame", "A message has no NUL.")
    most = settings.CHAT_BODY_GRAPHEMES
    # No text has more graphemes than code points, and those are counted faster.
    if len(body) > most and graphemes.count(body) > most:
        raise Refused("too_long", f"A message has at most {most} characters.")
    return body


# ---- Ephemeral events ----------------------------------------------------------------


def typing(room: Room, member: Member) -> None:
    """Tells the others in a room that a member is typing."""
    fields = {"member": member.public()}
    current().ephemeral.send(EphemeralEvent(room.pk, "typing", fields, not_to=member.key))


async def read(room: Room, member: Member, seq: int, by: Subscriber | None = None) -> int:
    """Stores that a member has read up to `seq`, and tells the member's sockets except `by`.
    Returns the stored seq: it never decreases and is never beyond the log. Raises Refused while
    the database is away."""
    worker = current()
    try:
        stored = await worker.receipts.add(ReadReceipt(room.pk, member.key, seq))
        here = worker.ephemeral.subscribers_of(room.pk, member.key)
        others = [subscriber for subscriber in here if subscriber is not by]
        remote = worker.presence.is_remote(room.pk, member.key)
        if others or remote:
            fields = {"seq": stored, "unread": await unread(room, member, stored)}
            event = EphemeralEvent(room.pk, "read", fields, only_to=member.key)
            worker.ephemeral.send_here(event, but=by)
            if remote:
                worker.ephemeral.publish(event)
    except Unavailable:
        raise unavailable() from None
    return stored


async def unread(room: Room, member: Member, seq: int) -> int:
    """How many messages of others follow `seq`. Raises Refused while the database is away."""
    try:
        return await read_receipts.unread(room.pk, member.key, seq)
    except DatabaseError:
        raise unavailable() from None


# ---- History -------------------------------------------------------------------------


async def history(room: Room, before: int, limit: int) -> tuple[list[str], bool]:
    """Encoded entries before the seq `before`, oldest first, and whether older ones exist. At most
    `limit`, fewer if they are large. Raises Refused while the database is away."""
    try:
        found = await store.before(room.pk, before, limit + 1)
    except DatabaseError:
        raise unavailable() from None
    newest_first = found[::-1]
    page = newest_first[: min(limit, entries.count_for_frame(newest_first))]
    return page[::-1], len(page) < len(found)
