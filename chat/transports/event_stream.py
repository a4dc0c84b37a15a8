"""The event stream of a room: what happens in it, over Server-Sent Events."""

import asyncio
import json
from collections.abc import AsyncGenerator
from time import monotonic

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from chat import rooms
from chat.identity.members import Member
from chat.models import Room
from chat.protocol import frames
from chat.rooms import Refused
from chat.transports import common, http_common
from chat.worker import current
from realtime import event_stream, sse
from realtime.log.reader import Reader
from realtime.log.tail import Batch, LogEnded
from realtime.revocation import person_subjects, room_subject

PING_SECONDS = 15
# Whether or not anything is said; a socket is asked as often as that.
ACCESS_CHECK_SECONDS = 30
RETRY_SECONDS = 1.0
FOR_NOW = {"internal", "rate_limited"}


# Django would ask any other method for a token before it could be told that there is only GET.
@csrf_exempt
@require_GET
async def events(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What happens in a room, from the reader's cursor, for as long as it listens."""
    if event_stream.no_room_for(request):
        return event_stream.busy()
    since = current().revocation.count
    try:
        member = await http_common.member_of(request)
        room = await rooms.join(slug, member)
    except Refused as refused:
        # An EventSource that is told anything but 200 never asks again.
        return event_stream.busy() if refused.code in FOR_NOW else http_common.refusal(refused)
    key = request.session.session_key
    source = _follow(room, member, key, event_stream.cursor(request), since)
    return event_stream.EventStream(source, "room", request)


async def _follow(
    room: Room, member: Member, session_key: str | None, cursor: str | None, since: int
) -> AsyncGenerator[bytes]:
    yield event_stream.retry()
    try:
        reader = await common.open_reader(room, "stream")
    except Refused:
        return  # the client comes again, and is told then
    try:
        whom = [*person_subjects(member.key, session_key), room_subject(room.pk)]
        stopping = current().revocation.watch(whom, reader.stop, since)
        with stopping, current().presence_sync.entered(room.pk, member):
            if await common.resume(reader, cursor):
                yield reset_event(reader)
            async for piece in _pieces(room, member, session_key, reader):
                yield piece
    except (LogEnded, Refused):
        return
    finally:
        reader.close()


async def _pieces(
    room: Room, member: Member, session_key: str | None, reader: Reader
) -> AsyncGenerator[bytes]:
    checked = monotonic()
    while True:
        if monotonic() - checked >= ACCESS_CHECK_SECONDS:
            if not await may_stay(room, member, session_key):
                return
            checked = monotonic()
        try:
            async with asyncio.timeout(PING_SECONDS):
                batch = await reader.take()
        except TimeoutError:
            yield ping_event(room, reader)
        except DatabaseError:
            await asyncio.sleep(RETRY_SECONDS)
        else:
            yield batch.render(event_bytes)


async def may_stay(room: Room, member: Member, session_key: str | None) -> bool:
    """Whether somebody who listens may go on to."""
    try:
        await rooms.enter(room.slug, member)
        return member.guest or await common.is_logged_in(member, session_key)
    except Refused as refused:
        return refused.code == "internal"
    except DatabaseError:
        return True


def event_bytes(batch: Batch) -> bytes:
    """The form of a batch in which an event stream sends it."""
    first = batch.last - len(batch.entries) + 1
    return b"".join(
        sse.event(entry, id=f"{batch.epoch}:{seq}", name=json.loads(entry)["kind"])
        for seq, entry in enumerate(batch.entries, start=first)
    )


def ping_event(room: Room, reader: Reader) -> bytes:
    """A sign of life, and how far the room has come."""
    return sse.event(frames.dumps({"heads": {room.slug: reader.tail.head}}), name="ping")


def reset_event(reader: Reader) -> bytes:
    """Says that the cursor led nowhere, and where the reader stands instead."""
    data = {"epoch": reader.tail.epoch, "head": reader.tail.head, "cursor": reader.cursor}
    return sse.event(frames.dumps(data), id=reader.cursor, name="reset")
