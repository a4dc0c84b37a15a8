"""The page on which staff see all workers, all rooms and who is there, as it happens."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from heapq import nlargest
from time import monotonic
from typing import Any

from channels.db import database_sync_to_async
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from chat.dashboard import overview
from chat.identity.members import user_key
from chat.models import Room
from chat.presence.presence import ONLINE_MOST
from chat.protocol import frames
from chat.transports import common
from chat.worker import current
from realtime import event_stream, sse
from realtime.revocation import person_subjects, room_subject
from realtime.revoke import revoke_on_commit

SEE, CLOSE = "chat.view_room", "chat.change_room"
EVERY_SECONDS = 2.0
# For the answers of the other workers to the first question.
ANSWER_SECONDS = 0.3
ACCESS_CHECK_SECONDS = 10.0
ROOMS_MOST = 100


def may_see(user: Any) -> bool:
    """Whether somebody may see the page. Reads the database."""
    return bool(user.is_active and user.is_staff and user.has_perm(SEE))


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page; what it shows comes as events."""
    if not may_see(request.user):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": _("Live"),
        "may_close": request.user.has_perm(CLOSE),
    }
    return TemplateResponse(request, "admin/live.html", context)


@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Sends away whoever is connected to a room, on every worker. They come back with the cursor
    that they have."""
    user: Any = request.user
    if not user.has_perm(CLOSE):
        raise PermissionDenied
    number = request.POST.get("room", "")
    room = get_object_or_404(Room, pk=number if number.isdecimal() else None)
    LogEntry.objects.log_actions(
        user.pk, [room], CHANGE, _("Closed its connections."), single_object=True
    )
    revoke_on_commit(room_subject(room.pk))
    return HttpResponse(status=204)


@require_GET
async def events(request: HttpRequest) -> HttpResponseBase:
    """How everything stands, every two seconds. Given even when the worker is full: that is when
    it is looked for."""
    since = current().revocation.count
    user: Any = await request.auser()
    if not await database_sync_to_async(may_see)(user):
        return HttpResponse(status=403)  # not raised: Django would log it with a traceback
    source = _watch(user.pk, request.session.session_key, since)
    return event_stream.EventStream(source, "live", request)


async def _watch(user: int, session_key: str | None, since: int) -> AsyncGenerator[bytes]:
    yield event_stream.retry()
    again = asyncio.Event()
    with current().revocation.watch(person_subjects(user_key(user), session_key), again.set, since):
        async with aclosing(_overviews(session_key, again)) as overviews:
            async for told in overviews:
                yield sse.event(frames.dumps(told), name="overview")


async def _overviews(
    session_key: str | None, again: asyncio.Event
) -> AsyncGenerator[dict[str, Any]]:
    """How everything stands, for as long as it may be seen; that is asked now and then, and when
    `again` is set."""
    current().reports.ask()
    await asyncio.sleep(ANSWER_SECONDS)
    rooms: list[Room] = []
    checked = monotonic()
    while True:
        if again.is_set() or monotonic() - checked >= ACCESS_CHECK_SECONDS:
            again.clear()
            if not await still_sees(session_key):
                return
            checked = monotonic()
        current().reports.ask()
        found = current().reports.histories()
        read = overview.of_rooms(history[-1] for history in found.values())
        rooms = await _shown(read) or rooms
        yield snapshot(found, read, rooms)
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_SECONDS):
                await again.wait()


async def still_sees(session_key: str | None) -> bool:
    """Whether the session is still of somebody who may see the page. Nobody is sent away because
    the database is."""
    try:
        user = await common.user_of(session_key)
        return await database_sync_to_async(may_see)(user)
    except DatabaseError:
        return True


async def _shown(read: dict[int, Any]) -> list[Room]:
    """The rooms that the page shows: those that most people read, and others while there is
    place. Empty while the database is away."""
    most = nlargest(ROOMS_MOST, read, key=lambda room: sum(read[room]["taps"].values()))
    try:
        return await database_sync_to_async(_rooms)(most)
    except DatabaseError:
        return []


def _rooms(read: list[int]) -> list[Room]:
    found = list(Room.objects.filter(pk__in=read))
    return found + list(Room.objects.exclude(pk__in=read)[: ROOMS_MOST - len(found)])


def snapshot(
    histories: dict[str, list[overview.Report]], read: dict[int, Any], rooms: list[Room]
) -> dict[str, Any]:
    """What the page shows at one moment."""
    workers = [
        {"id": worker, "here": worker == current().bus.worker, **overview.of_worker(history)}
        for worker, history in histories.items()
    ]
    shown = [_room(room, read.get(room.pk)) for room in rooms]
    shown.sort(key=lambda room: (-sum(room["taps"].values()), room["name"]))
    return {"workers": workers, "rooms": shown}


def _room(room: Room, read: dict[str, Any] | None) -> dict[str, Any]:
    read = read or {"head": 0, "per_minute": 0.0, "taps": {}}
    members = current().presence.online(room.pk)
    online = [{"name": member.name, "guest": member.guest} for member in members]
    return {
        "id": room.pk,
        "slug": room.slug,
        "name": room.name,
        "is_public": room.is_public,
        "head": max(room.head, read["head"]),
        "per_minute": read["per_minute"],
        "taps": read["taps"],
        "online": online,
        "crowded": len(online) >= ONLINE_MOST,  # who else is there is not known
    }
