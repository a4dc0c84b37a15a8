"""The room over HTTP: long and short polling, history, and commands."""

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
from chat.protocol import frames
from chat.protocol.frames import FrameError
from chat.rooms import Refused
from chat.transports import common, http_common
from chat.worker import current
from realtime.log.reader import Reader
from realtime.log.tail import LogEnded
from realtime.revocation import person_subjects, room_subject

WAIT_MOST = 25  # seconds; proxies give up at 30 or later


# ---- Entries -------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
async def entries(request: HttpRequest, slug: str) -> HttpResponse:
    """Polling and history by GET, commands by POST."""
    since = current().revocation.count
    try:
        member = await http_common.member_of(request)
        if request.method == "POST":
            return await _obey(request, slug, member)
        room = await rooms.enter(slug, member)
        if "before" in request.GET:
            return await _history(request, room)
        return await _poll(request, room, member, since)
    except Refused as refused:
        return http_common.refusal(refused)


async def _poll(request: HttpRequest, room: Room, member: Member, since: int) -> HttpResponse:
    cursor = request.GET.get("cursor") or None
    wait = http_common.number(request, "wait", 0, 0, WAIT_MOST) if cursor else 0
    reader = await common.open_reader(room, "poll")
    try:
        reset = await common.resume(reader, cursor)
        with _here(request, room, member, reader, since) if wait else nullcontext():
            found = await _take(reader, wait)
        fields = {
            "epoch": reader.tail.epoch,
            "cursor": reader.cursor,
            "head": reader.tail.head,
            "reset": reset,
        }
        return http_common.answer(frames.with_events(fields, found))
    except DatabaseError:
        raise rooms.unavailable() from None
    finally:
        reader.close()


@contextmanager
def _here(
    request: HttpRequest, room: Room, member: Member, reader: Reader, since: int
) -> Iterator[None]:
    whom = [*person_subjects(member.key, request.session.session_key), room_subject(room.pk)]
    # Without a cookie each poll is a new guest, and there would be a crowd of them.
    known = members.can_return(member, request.COOKIES)
    with (
        current().revocation.watch(whom, reader.stop, since),
        current().presence_sync.entered(room.pk, member) if known else nullcontext(),
    ):
        yield


async def _take(reader: Reader, wait: int) -> list[str]:
    """What follows the cursor, within `wait` seconds; nothing if there is nothing by then."""
    if reader.tail.head <= reader.seq and not wait:
        return []
    try:
        async with current().streams.drainable_timeout(wait or None):
            return (await reader.take()).entries
    except (TimeoutError, LogEnded):  # whoever polls again is told whether they may
        return []


async def _history(request: HttpRequest, room: Room) -> HttpResponse:
    before = http_common.number(request, "before", 1, 1, frames.SEQ_MOST)
    limit = http_common.number(request, "limit", frames.HISTORY_MOST, 1, frames.HISTORY_MOST)
    found, more = await rooms.history(room, before, limit)
    return http_common.answer(frames.page(room.slug, before, found, more=more))


async def _obey(request: HttpRequest, slug: str, member: Member) -> HttpResponse:
    if len(request.body) > settings.CHAT_FRAME_BYTES:  # whatever its header says, or leaves out
        raise Refused("too_long", f"A command has at most {settings.CHAT_FRAME_BYTES} bytes.")
    try:
        command = frames.decode(request.body.decode(), room=slug)
    except UnicodeDecodeError:
        raise Refused("bad_frame", "A command is one JSON object in UTF-8.") from None
    except FrameError as error:
        return http_common.refusal(Refused(error.code, error.message), error.cid, error.room)
    if not isinstance(command, frames.Say | frames.Edit | frames.Delete | frames.Read):
        return http_common.refusal(
            Refused("unknown_type", "Only say, edit, delete and read can be posted.")
        )
    try:
        if command.room != slug:
            raise Refused("bad_frame", "The command is for another room than the address.")
        room = await rooms.enter(slug, member)
        if isinstance(command, frames.Read):
            keeps = members.can_return(member, request.COOKIES)
            return http_common.answer(await _read(room, member, command.seq, keeps=keeps))
        return http_common.answer(await common.write(room, member, command))
    except Refused as refused:
        return http_common.refusal(refused, getattr(command, "cid", None), slug)


async def _read(room: Room, member: Member, seq: int, *, keeps: bool) -> str:
    seq = await rooms.read(room, member, seq) if keeps else min(seq, room.head)
    unread = await rooms.unread(room, member, seq)
    return frames.encode("read", room=room.slug, seq=seq, unread=unread)


# ---- Rooms ---------------------------------------------------------------------------


@csrf_exempt
@require_GET
async def room_list(request: HttpRequest) -> HttpResponse:
    """The rooms that this person may enter, and how much of each is left to read."""
    try:
        member = await http_common.member_of(request)
        listed = await database_sync_to_async(rooms.listed)(member)
    except Refused as refused:
        return http_common.refusal(refused)
    except DatabaseError:
        return http_common.refusal(rooms.unavailable())
    shown = ("slug", "name", "topic", "is_public", "head", "unread")
    return JsonResponse(
        {"rooms": [{name: getattr(room, name) for name in shown} for room in listed]}
    )
