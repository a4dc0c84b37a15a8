"""The operators' dashboard: all workers, all rooms, and who is online, updated live."""

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
from chat.identity import sessions
from chat.identity.members import user_key
from chat.models import Room
from chat.presence.presence import ONLINE_MOST
from chat.protocol import frames
from chat.worker import current
from realtime import event_stream, sse
from realtime.revocation import person_subjects, room_subject
from realtime.revoke import revoke_on_commit

VIEW, CLOSE = "chat.view_room", "chat.change_room"
INTERVAL_SECONDS = 2.0
# Seconds for the other workers to answer the first question.
ANSWER_SECONDS = 0.3
ACCESS_CHECK_SECONDS = 10.0
MAX_ROOMS = 100


def may_view(user: Any) -> bool:
    """Whether a user may view the dashboard. Reads the database."""
    return bool(user.is_active and user.is_staff and user.has_perm(VIEW))


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page. Its content arrives as events."""
    if not may_view(request.user):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": _("Live"),
        "may_close": request.user.has_perm(CLOSE),
    }
    return TemplateResponse(request, "admin/live.html", context)


@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Closes all connections of a room, on every worker. The clients reconnect with their
    cursors."""
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
    """An overview every two seconds. Served also when the worker is full: operators need it
    then."""
    since = current().revocation.count
    user: Any = await request.auser()
    if not await database_sync_to_async(may_view)(user):
        return HttpResponse(status=403)  # Not raised: Django would log a traceback.
    source = _events(user.pk, request.session.session_key, since)
    return event_stream.EventStream(source, "live", request)


async def _events(user: int, session_key: str | None, since: int) -> AsyncGenerator[bytes]:
    yield event_stream.retry()
    check_now = asyncio.Event()
    with current().revocation.watch(
        person_subjects(user_key(user), session_key), check_now.set, since
    ):
        async with aclosing(_overviews(session_key, check_now)) as overviews:
            async for shown in overviews:
                yield sse.event(frames.dumps(shown), name="overview")


async def _overviews(
    session_key: str | None, check_now: asyncio.Event
) -> AsyncGenerator[dict[str, Any]]:
    """Overviews, until the user may no longer view them. That is checked every
    ACCESS_CHECK_SECONDS, and when `check_now` is set."""
    current().reports.ask()
    await asyncio.sleep(ANSWER_SECONDS)
    rooms: list[Room] = []
    checked_at = monotonic()
    while True:
        if check_now.is_set() or monotonic() - checked_at >= ACCESS_CHECK_SECONDS:
            check_now.clear()
            if not await still_may_view(session_key):
                return
            checked_at = monotonic()
        current().reports.ask()
        found = current().reports.histories()
        read = overview.room_summaries(history[-1] for history in found.values())
        rooms = await _shown(read) or rooms
        yield snapshot(found, read, rooms)
        with suppress(TimeoutError):
            async with asyncio.timeout(INTERVAL_SECONDS):
                await check_now.wait()


async def still_may_view(session_key: str | None) -> bool:
    """Whether the session still belongs to a user who may view the dashboard. True while the
    database is away."""
    try:
        user = await sessions.user_of(session_key)
        return await database_sync_to_async(may_view)(user)
    except DatabaseError:
        return True


async def _shown(read: dict[int, Any]) -> list[Room]:
    """The rooms on the page: those with the most readers first, then others, MAX_ROOMS in all.
    Empty while the database is away."""
    most = nlargest(MAX_ROOMS, read, key=lambda room: sum(read[room]["taps"].values()))
    try:
        return await database_sync_to_async(_rooms)(most)
    except DatabaseError:
        return []


def _rooms(read: list[int]) -> list[Room]:
    found = list(Room.objects.filter(pk__in=read))
    return found + list(Room.objects.exclude(pk__in=read)[: MAX_ROOMS - len(found)])


def snapshot(
    histories: dict[str, list[overview.Report]], read: dict[int, Any], rooms: list[Room]
) -> dict[str, Any]:
    """The data of one overview event."""
    workers = [
        {"id": worker, "here": worker == current().bus.worker, **overview.worker_summary(history)}
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
        "crowded": len(online) >= ONLINE_MOST,  # The list is cut off at ONLINE_MOST.
    }
