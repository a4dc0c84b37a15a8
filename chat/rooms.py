"""What a member can do in a room. Every tap calls these, and nothing else writes."""

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
from chat.log.store import Draft, Receipt
from chat.models import Entry, ReadMark, Room
from chat.presence.ephemeral import EphemeralEvent, Subscriber
from chat.protocol import entries
from chat.worker import current
from realtime import graphemes
from realtime.log.group_commit import Unavailable
from realtime.log.store import Refusal
from realtime.rate_limit import Buckets

RETRY_MS = 1_000  # after a failure of the database

message_rate = Buckets(settings.CHAT_MESSAGES_PER_SECOND, settings.CHAT_BURST)
# When a worker restarts, all tabs of a person come back at once, each to all of its rooms: the
# burst is four tabs with as many rooms as a socket may follow.
join_rate = Buckets(rate=5, burst=200)


class Refused(Exception):
    """What a member may not do, or not now. `code` is one of the wire's error codes."""

    def __init__(self, code: str, message: str, retry_after_ms: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms


def unavailable() -> Refused:
    """The answer while the database is away."""
    return Refused("internal", "The log cannot be reached just now.", RETRY_MS)


@database_sync_to_async
def enter(slug: str, member: Member) -> Room:
    """The room as the member finds it, with `read_to`, if they may be in it. Refused if there is
    none or they may not."""
    marked = ReadMark.objects.filter(room=OuterRef("pk"), reader_key=member.key).values("seq")
    try:
        found = Room.objects.filter(slug=slug).annotate(marked=Subquery(marked))
        # A database may fail on what it cannot store, such as a NUL.
        room = found.first() if slug_re.match(slug) else None
        allowed = room is not None and may_enter(room, member)
    except DatabaseError:
        raise unavailable() from None
    if room is None:
        raise Refused("not_found", "There is no such room.")
    if not allowed:
        raise Refused("forbidden", "This room is not open to you.")
    room.read_to = room.marked or 0
    return room


async def join(slug: str, member: Member) -> Room:
    """As `enter`, for who begins to follow the room. Refused also if they do it too often."""
    take_turn(join_rate, member, "joins")
    return await enter(slug, member)


def may_enter(room: Room, member: Member) -> bool:
    """Whether a member may read and write in a room. Reads the database."""
    return room.is_public or open_to(member).filter(pk=room.pk).exists()


def open_to(member: Member) -> QuerySet[Room]:
    """The rooms that a member may enter: public ones, those they belong to, for staff all."""
    public = Room.objects.filter(is_public=True)
    if member.user_id is None:
        return public
    users = get_user_model()._default_manager
    user = users.filter(pk=member.user_id, is_active=True).first()
    if user is None:
        return public
    theirs = Q(is_public=True) | Q(members=user)
    return Room.objects.all() if user.is_staff else Room.objects.filter(theirs).distinct()


async def is_moderator(member: Member) -> bool:
    """Whether a member may change what others said: staff may. Refused while the database is
    away."""
    if member.user_id is None:
        return False
    users = get_user_model()._default_manager
    staff = users.filter(pk=member.user_id, is_active=True, is_staff=True)
    try:
        return await database_sync_to_async(staff.exists)()
    except DatabaseError:
        raise unavailable() from None


async def say(
    room: Room, member: Member, cid: str, body: str, reply_to: int | None = None
) -> Receipt:
    """Adds a message to the log. Refused if it cannot be."""
    body = checked_body(body)
    take_turn(message_rate, member, "messages")
    return await _append(room, member, Entry.Kind.SAY, cid, body=body, reply_to=reply_to)


async def edit(room: Room, member: Member, cid: str, ref: int, body: str) -> Receipt:
    """Replaces the body of the message `ref`: one's own, or as a moderator any. Refused if it
    cannot be."""
    body = checked_body(body)
    take_turn(message_rate, member, "messages")
    return await _append(room, member, Entry.Kind.EDIT, cid, body=body, ref=ref)


async def delete(room: Room, member: Member, cid: str, ref: int) -> Receipt:
    """Empties the message `ref`: one's own, or as a moderator any. Refused if it cannot be."""
    return await _append(room, member, Entry.Kind.DELETE, cid, ref=ref)


def take_turn(rate: Buckets, member: Member, what: str) -> None:
    """Counts something that a member does. Refused if they have had their share for now."""
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
) -> Receipt:
    # Asked afresh for every change, so that a right that was taken away is gone at once.
    moderates = ref is not None and await is_moderator(member)
    draft = Draft(
        room.pk, kind, member.key, member.name, cid, body, ref, reply_to, moderator=moderates
    )
    asked = monotonic()
    try:
        receipt = await current().writer.add(draft)
    except Refusal as refusal:
        raise Refused(refusal.code, str(refusal)) from None
    except Unavailable:
        current().counters.append_failures += 1
        raise unavailable() from None
    current().counters.append_seconds.add(monotonic() - asked)
    return receipt


def checked_body(body: str) -> str:
    """The body with its line ends as LF. Refused if it is empty, too long or not storable."""
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    if not body.strip():
        raise Refused("bad_frame", "A message has at least one character.")
    if "\0" in body:
        raise Refused("bad_frame", "A message has no NUL.")
    most = settings.CHAT_BODY_GRAPHEMES
    # Of no text are there more graphemes than code points.
    if len(body) > most and graphemes.count(body) > most:
        raise Refused("too_long", f"A message has at most {most} characters.")
    return body


# ---- What no log keeps ---------------------------------------------------------------


def typing(room: Room, member: Member) -> None:
    """Tells the others in a room that a member is writing."""
    fields = {"member": member.public()}
    current().ephemeral.send(EphemeralEvent(room.pk, "typing", fields, not_to=member.key))


async def read(room: Room, member: Member, seq: int, by: Subscriber | None = None) -> int:
    """Marks a room as read up to `seq`, and tells the member's other sockets: those but `by`.
    Returns where the mark is then: it never goes back, nor beyond the log. Refused while the
    database is away."""
    worker = current()
    try:
        place = await worker.receipts.add(ReadReceipt(room.pk, member.key, seq))
        sockets = worker.ephemeral.subscribers_of(room.pk, member.key)
        others = [socket for socket in sockets if socket is not by]
        remote = worker.presence.is_remote(room.pk, member.key)
        if others or remote:
            fields = {"seq": place, "unread": await unread(room, member, place)}
            event = EphemeralEvent(room.pk, "read", fields, only_to=member.key)
            worker.ephemeral.send_here(event, but=by)
            if remote:
                worker.ephemeral.publish(event)
    except Unavailable:
        raise unavailable() from None
    return place


async def unread(room: Room, member: Member, seq: int) -> int:
    """How many messages of others follow `seq`. Refused while the database is away."""
    try:
        return await read_receipts.unread(room.pk, member.key, seq)
    except DatabaseError:
        raise unavailable() from None


def listed(member: Member) -> list[Room]:
    """The rooms that are open to a member, each with `unread`: how many messages of others they
    have not read there; None where they never were. Reads the database."""
    read_to = read_receipts.of_reader(member.key)
    found = list(open_to(member))
    for room in found:
        seq = read_to.get(room.pk)
        room.unread = None if seq is None else read_receipts.count_unread(room.pk, member.key, seq)
    return found


# ---- What came before ----------------------------------------------------------------


async def history(room: Room, before: int, limit: int) -> tuple[list[str], bool]:
    """Encoded entries that precede `before`, oldest first, and whether there are older ones.
    Fewer than `limit` if they are large."""
    try:
        found = await store.before(room.pk, before, limit + 1)
    except DatabaseError:
        raise unavailable() from None
    newest_first = found[::-1]
    page = newest_first[: min(limit, entries.fitting(newest_first))]
    return page[::-1], len(page) < len(found)
