"""The event stream of a room: its entries over Server-Sent Events."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from time import monotonic

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from chat import rooms
from chat.identity import sessions
from chat.identity.members import Member
from chat.models import Room
from chat.protocol import frames
from chat.transports import common, http_common
from chat.worker import current
from realtime import event_stream, sse
from realtime.error_response import error_response
from realtime.errors import Refused
from realtime.log.reader import Reader
from realtime.log.tail import Batch, LogEnded
from realtime.revocation import person_subjects, room_subject

PING_SECONDS = 15
ACCESS_CHECK_SECONDS = 30
RETRY_SECONDS = 1.0  # after a failure of the database
# The client may succeed later. EventSource retries only if the status was 200.
TEMPORARY = {"internal", "rate_limited"}


@dataclass(frozen=True, slots=True)
class Client:
    """Who reads the stream, and from where."""

    member: Member
    session_key: str | None
    cursor: str | None
    since: int  # `Revocation.count` before the member's rights were looked up


# Without the exemption Django answers 403 to a POST, instead of 405.
@csrf_exempt
@require_GET
async def events(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The entries of a room from the reader's cursor on, until the client disconnects."""
    if event_stream.at_capacity(request):
        return event_stream.overloaded()
    since = current().revocation.count
    try:
        member = await http_common.member_of(request)
        room = await rooms.join(slug, member)
    except Refused as refused:
        return event_stream.overloaded() if refused.code in TEMPORARY else error_response(refused)
    client = Client(member, request.session.session_key, event_stream.cursor(request), since)
    return event_stream.EventStream(_follow(room, client), "room", request)


async def _follow(room: Room, client: Client) -> AsyncGenerator[bytes]:
    yield event_stream.retry()
    try:
        reader = await common.open_reader(room, "stream")
    except Refused:
        return  # The client reconnects, and receives the reason then.
    subjects = [*person_subjects(client.member.key, client.session_key), room_subject(room.pk)]
    try:
        with (
            reader,
            current().revocation.watch(subjects, reader.stop, client.since),
            current().presence_sync.entered(room.pk, client.member),
        ):
            if await common.resume(reader, client.cursor):
                yield reset_event(reader)
            async for piece in _pieces(room, client, reader):
                yield piece
    except (LogEnded, Refused):
        return


async def _pieces(room: Room, client: Client, reader: Reader) -> AsyncGenerator[bytes]:
    """Entries as they come, and pings. Ends when the member may no longer read the room."""
    checked_at = monotonic()
    while True:
        if monotonic() - checked_at >= ACCESS_CHECK_SECONDS:
            if not await may_read(room, client):
                return
            checked_at = monotonic()
        try:
            async with asyncio.timeout(PING_SECONDS):
                batch = await reader.take()
        except TimeoutError:
            yield ping_event(room, reader)
        except DatabaseError:
            await asyncio.sleep(RETRY_SECONDS)
        else:
            yield batch.render(render_events)


async def may_read(room: Room, client: Client) -> bool:
    """Whether the client may go on reading. True while the database is away."""
    try:
        await rooms.enter(room.slug, client.member)
        if client.member.guest:
            return True
        return await sessions.is_logged_in(client.member, client.session_key)
    except Refused as refused:
        return refused.code == "internal"
    except DatabaseError:
        return True


def render_events(batch: Batch) -> bytes:
    """The events of a batch: the id is the cursor after the entry, the name its kind."""
    return b"".join(
        sse.event(entry, id=cursor, name=json.loads(entry)["kind"])
        for entry, cursor in zip(batch.entries, batch.cursors(), strict=True)
    )


def ping_event(room: Room, reader: Reader) -> bytes:
    """The event that shows that the stream is alive, with the head of the room."""
    return sse.event(frames.dumps({"heads": {room.slug: reader.tail.head}}), name="ping")


def reset_event(reader: Reader) -> bytes:
    """The event that says that the client's cursor was not valid, with the new cursor."""
    data = {"epoch": reader.tail.epoch, "head": reader.tail.head, "cursor": reader.cursor}
    return sse.event(frames.dumps(data), id=reader.cursor, name="reset")
