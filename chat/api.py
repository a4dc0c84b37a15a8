"""The taps over HTTP: an event stream, long and short polling, history, and commands."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from chat import frames, members, rooms, taps
from chat.frames import FrameError
from chat.members import Member
from chat.models import Room
from chat.rollcall import rollcall
from chat.rooms import Refused
from chat.tail import Batch, LogEnded, Reader
from streaming import responses, sse

PING_SECONDS = 15
WAIT_MOST = 25  # seconds; proxies give up at 30 or later
RETRY_SECONDS = 1.0

STATUSES = {
    "bad_frame": 400,
    "unknown_type": 400,
    "forbidden": 403,
    "not_found": 404,
    "cid_conflict": 409,
    "gone": 410,
    "too_long": 413,
    "rate_limited": 429,
    "internal": 503,
}


# ---- Events --------------------------------------------------------------------------


# Django would ask any other method for a token before it could be told that there is only GET.
@csrf_exempt
@require_GET
async def events(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What happens in a room, from the reader's cursor, for as long as it listens."""
    if responses.streams.full:
        return responses.busy()
    try:
        member = await member_of(request)
        room = await rooms.enter(slug, member)
    except Refused as refused:
        # An EventSource that is told anything but 200 never asks again.
        return responses.busy() if refused.code == "internal" else refusal(refused)
    key = request.session.session_key
    return responses.EventStream(_follow(room, member, key, responses.cursor(request)))


async def _follow(
    room: Room, member: Member, session_key: str | None, cursor: str | None
) -> AsyncGenerator[bytes]:
    yield responses.retry()
    try:
        reader = await taps.open_reader(room)
    except Refused:
        return  # the client comes again, and is told then
    try:
        with rollcall().entered(room.pk, member):
            if await reader.resume(cursor):
                yield reset_event(reader)
            async for piece in _pieces(room, member, session_key, reader):
                yield piece
    except LogEnded:
        return
    finally:
        reader.close()


async def _pieces(
    room: Room, member: Member, session_key: str | None, reader: Reader
) -> AsyncGenerator[bytes]:
    while True:
        try:
            async with asyncio.timeout(PING_SECONDS):
                batch = await reader.take()
        except TimeoutError:
            if not await may_stay(room, member, session_key):
                return
            yield ping_event(room, reader)
        except DatabaseError:
            await asyncio.sleep(RETRY_SECONDS)
        else:
            yield batch.render(event_bytes)


async def may_stay(room: Room, member: Member, session_key: str | None) -> bool:
    """Whether somebody who listens may go on to."""
    try:
        await rooms.enter(room.slug, member)
        return member.guest or await taps.is_logged_in(member, session_key)
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


# ---- Entries -------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
async def entries(request: HttpRequest, slug: str) -> HttpResponse:
    """Polling and history by GET, commands by POST."""
    try:
        member = await member_of(request)
        if request.method == "POST":
            return await _obey(request, slug, member)
        room = await rooms.enter(slug, member)
        if "before" in request.GET:
            return await _history(request, room)
        return await _poll(request, room, member)
    except Refused as refused:
        return refusal(refused)


async def _poll(request: HttpRequest, room: Room, member: Member) -> HttpResponse:
    cursor = request.GET.get("cursor") or None
    wait = number(request, "wait", 0, 0, WAIT_MOST) if cursor else 0
    reader = await taps.open_reader(room)
    try:
        reset = await reader.resume(cursor)
        with _here(request, room, member) if wait else nullcontext():
            found = await _take(reader, wait)
        fields = {
            "epoch": reader.tail.epoch,
            "cursor": reader.cursor,
            "head": reader.tail.head,
            "reset": reset,
        }
        return answer(frames.with_events(fields, found))
    except DatabaseError:
        raise rooms.unavailable() from None
    finally:
        reader.close()


def _here(request: HttpRequest, room: Room, member: Member) -> AbstractContextManager[None]:
    # Without a cookie each poll is a new guest, and there would be a crowd of them.
    known = not member.guest or members.guest_of(request.COOKIES) is not None
    return rollcall().entered(room.pk, member) if known else nullcontext()


async def _take(reader: Reader, wait: int) -> list[str]:
    """What follows the cursor, within `wait` seconds; nothing if there is nothing by then."""
    if reader.tail.head <= reader.seq and not wait:
        return []
    try:
        async with asyncio.timeout(wait or None):
            return (await reader.take()).entries
    except TimeoutError:
        return []
    except LogEnded:
        raise Refused("gone", "The room is gone.") from None


async def _history(request: HttpRequest, room: Room) -> HttpResponse:
    before = number(request, "before", 1, 1, frames.SEQ_MOST)
    limit = number(request, "limit", frames.HISTORY_MOST, 1, frames.HISTORY_MOST)
    found, more = await rooms.history(room, before, limit)
    return answer(frames.page(room.slug, before, found, more=more))


async def _obey(request: HttpRequest, slug: str, member: Member) -> HttpResponse:
    if len(request.body) > settings.CHAT_FRAME_BYTES:  # whatever its header says, or leaves out
        raise Refused("too_long", f"A command has at most {settings.CHAT_FRAME_BYTES} bytes.")
    try:
        command = frames.decode(request.body.decode(), room=slug)
    except UnicodeDecodeError:
        raise Refused("bad_frame", "A command is one JSON object in UTF-8.") from None
    except FrameError as error:
        return refusal(Refused(error.code, error.message), error.cid, error.room)
    if not isinstance(command, frames.Say | frames.Edit | frames.Delete | frames.Read):
        return refusal(Refused("unknown_type", "Only say, edit, delete and read can be posted."))
    try:
        if command.room != slug:
            raise Refused("bad_frame", "The command is for another room than the address.")
        room = await rooms.enter(slug, member)
        if isinstance(command, frames.Read):
            return answer(await _read(room, member, command))
        return answer(await taps.write(room, member, command))
    except Refused as refused:
        return refusal(refused, getattr(command, "cid", None), slug)


async def _read(room: Room, member: Member, command: frames.Read) -> str:
    seq = await rooms.read(room, member, command.seq)
    unread = await rooms.unread(room, member, seq)
    return frames.encode("read", room=room.slug, seq=seq, unread=unread)


# ---- Rooms ---------------------------------------------------------------------------


@csrf_exempt
@require_GET
async def room_list(request: HttpRequest) -> HttpResponse:
    """The rooms that this person may enter, and how much of each is left to read."""
    try:
        member = await member_of(request)
        listed = await database_sync_to_async(rooms.listed)(member)
    except Refused as refused:
        return refusal(refused)
    except DatabaseError:
        return refusal(rooms.unavailable())
    shown = ("slug", "name", "topic", "is_public", "head", "unread")
    return JsonResponse(
        {"rooms": [{name: getattr(room, name) for name in shown} for room in listed]}
    )


# ---- Their parts ---------------------------------------------------------------------


async def member_of(request: HttpRequest) -> Member:
    """Who asks. Without a session, a guest of their own. Refused while the database is away."""
    try:
        user: Any = await request.auser()
    except DatabaseError:
        raise rooms.unavailable() from None
    return (await taps.admit(user, request.COOKIES, request.GET.get("name")))[0]


def number(request: HttpRequest, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query. Refused if it is none, or out of range."""
    text = request.GET.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 17 and least <= int(text) <= most):
        raise Refused("bad_frame", f"{name} is a whole number from {least} to {most}.")
    return int(text)


def answer(body: str, status: int = 200) -> HttpResponse:
    """A response of JSON."""
    return HttpResponse(body, status=status, content_type="application/json")


def refusal(refused: Refused, cid: str | None = None, room: str | None = None) -> HttpResponse:
    """The same `error` that a socket sends, with the status that says as much."""
    response = answer(taps.refusal(refused, cid, room), STATUSES[refused.code])
    if refused.retry_after_ms:
        response.headers["Retry-After"] = str(-(-refused.retry_after_ms // 1000))
    return response
