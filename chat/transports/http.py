"""A room over HTTP: polling, long polling, history, and commands."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from chat import rooms
from chat.identity import members
from chat.identity.members import Member
from chat.models import Room
from chat.protocol import commands, frames
from chat.protocol.commands import MAX_HISTORY, MAX_SEQ, FrameError
from chat.transports import common, http_common
from chat.transports.http_common import json_response
from chat.worker import current
from realtime.error_response import error_response
from realtime.errors import Refused, unavailable
from realtime.log.reader import Reader
from realtime.log.tail import LogEnded
from realtime.requests import latency
from realtime.revocation import person_subjects, room_subject

MAX_WAIT_SECONDS = 25  # Proxies give up after 30 s or later.


# ---- Entries -------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
async def entries(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: polling, or with `before` history. POST: a command."""
    since = current().revocation.count
    try:
        member = await http_common.member_of(request)
        if request.method == "POST":
            return await _execute(request, slug, member)
        room = await rooms.enter(slug, member)
        if "before" in request.GET:
            return await _history(request, room)
        return await _poll(request, room, member, since)
    except Refused as refused:
        return error_response(refused)


async def _poll(request: HttpRequest, room: Room, member: Member, since: int) -> HttpResponse:
    cursor = request.GET.get("cursor") or None
    limits = {"default": 0, "least": 0, "most": MAX_WAIT_SECONDS}
    wait = http_common.number(request, "wait", **limits) if cursor else 0
    if wait:
        latency.leave_out(request)
    reader = await common.open_reader(room, "poll")
    try:
        reset = await common.resume(reader, cursor)
        with _waiting(request, room, member, reader, since) if wait else nullcontext():
            found = await _take(reader, wait)
        fields = {
            "epoch": reader.tail.epoch,
            "cursor": reader.cursor,
            "head": reader.tail.head,
            "reset": reset,
        }
        return json_response(frames.with_events(fields, found))
    except DatabaseError:
        raise unavailable() from None
    finally:
        reader.close()


@contextmanager
def _waiting(
    request: HttpRequest, room: Room, member: Member, reader: Reader, since: int
) -> Iterator[None]:
    """While a long poll waits: the member is present, and the poll ends if access is revoked."""
    subjects = [*person_subjects(member.key, request.session.session_key), room_subject(room.pk)]
    # Without a cookie each poll is a new guest: a crowd would seem to be in the room.
    is_persistent = members.is_persistent(member, request.COOKIES)
    with (
        current().revocation.watch(subjects, reader.stop, since),
        current().presence_sync.entered(room.pk, member) if is_persistent else nullcontext(),
    ):
        yield


async def _take(reader: Reader, wait: int) -> list[str]:
    """What follows the cursor within `wait` seconds; an empty list if there is nothing."""
    if reader.tail.head <= reader.seq and not wait:
        return []
    try:
        async with current().streams.drainable_timeout(wait or None):
            return (await reader.take()).entries
    except (TimeoutError, LogEnded):  # After LogEnded the next poll is refused or reset.
        return []


async def _history(request: HttpRequest, room: Room) -> HttpResponse:
    before = http_common.number(request, "before", default=1, least=1, most=MAX_SEQ)
    limit = http_common.number(request, "limit", default=MAX_HISTORY, least=1, most=MAX_HISTORY)
    found, more = await rooms.history(room, before, limit)
    return json_response(frames.page(room.slug, before, found, more=more))


# ---- Commands ------------------------------------------------------------------------


async def _execute(request: HttpRequest, slug: str, member: Member) -> HttpResponse:
    if len(request.body) > settings.CHAT_FRAME_BYTES:  # Content-Length may be missing or wrong.
        raise Refused("too_long", f"A command has at most {settings.CHAT_FRAME_BYTES} bytes.")
    try:
        command = commands.decode(request.body.decode(), room=slug)
    except UnicodeDecodeError:
        raise Refused("bad_frame", "A command is one JSON object in UTF-8.") from None
    except FrameError as error:
        return error_response(error, error.cid, error.room)
    if not isinstance(command, commands.WriteCommand | commands.Read):
        raise Refused("unknown_type", "Only say, edit, delete and read can be posted.")
    try:
        if command.room != slug:
            raise Refused("bad_frame", "The command is for another room than the address.")
        room = await rooms.enter(slug, member)
        if isinstance(command, commands.Read):
            is_persistent = members.is_persistent(member, request.COOKIES)
            return json_response(await _read(room, member, command.seq, store=is_persistent))
        return json_response(await common.write(room, member, command))
    except Refused as refused:
        return error_response(refused, getattr(command, "cid", None), slug)


async def _read(room: Room, member: Member, seq: int, *, store: bool) -> str:
    """The `read` frame. The receipt is stored if `store` is true."""
    seq = await rooms.read(room, member, seq) if store else min(seq, room.head)
    unread = await rooms.unread(room, member, seq)
    return frames.encode("read", room=room.slug, seq=seq, unread=unread)


# ---- Rooms ---------------------------------------------------------------------------


@csrf_exempt
@require_GET
async def room_list(request: HttpRequest) -> HttpResponse:
    """The rooms that this member may enter, each with the number of unread messages."""
    try:
        member = await http_common.member_of(request)
        listed = await database_sync_to_async(rooms.listed)(member)
    except Refused as refused:
        return error_response(refused)
    except DatabaseError:
        return error_response(unavailable())
    shown = ("slug", "name", "topic", "is_public", "head", "unread")
    return JsonResponse(
        {"rooms": [{name: getattr(room, name) for name in shown} for room in listed]}
    )
