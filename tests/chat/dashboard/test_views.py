"""The dashboard: who may view it, its events, and its button."""

import asyncio
import json

import pytest
from channels.db import database_sync_to_async
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import AsyncClient, Client
from django.urls import reverse

from chat.dashboard import views
from tests.clients.sse import Parser

LIVE, EVENTS, CLOSE = "/admin/live/", "/admin/live/events", "/admin/live/close"


@pytest.fixture
def staff(db):
    """Makes staff users with these permissions."""

    def make(*permissions):
        user = get_user_model().objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        return user

    return make


@pytest.fixture
def browser():
    """A browser in which a user is logged in."""

    def open_one(user):
        browser = Client()
        browser.force_login(user)
        return browser

    return open_one


def test_staff_with_the_permission_see_the_page_and_its_link(staff, browser):
    window = browser(staff("view_room"))
    assert window.get(LIVE).status_code == 200
    assert f'href="{LIVE}"' in window.get("/admin/").content.decode()


def test_staff_without_the_permission_see_neither(staff, browser):
    window = browser(staff("view_entry"))
    assert window.get(LIVE).status_code == 403
    assert LIVE not in window.get("/admin/").content.decode()


def test_other_users_are_redirected_to_the_login(stranger, browser, client):
    for window in (browser(stranger), client):
        assert window.get(LIVE)["Location"].startswith(reverse("admin:login"))
        assert window.post(CLOSE, {"room": 1})["Location"].startswith(reverse("admin:login"))


@pytest.mark.django_db(transaction=True)
async def test_events_need_the_permission(stranger, staff):
    assert (await AsyncClient().get(EVENTS)).status_code == 403
    for user in (stranger, await database_sync_to_async(staff)("view_entry")):
        window = AsyncClient()
        await window.aforce_login(user)
        assert (await window.get(EVENTS)).status_code == 403


async def overviews(answer, count):
    parser = Parser()
    async for piece in answer.streaming_content:
        parser.feed(piece)
        if len(parser.events) >= count:
            break
    return [json.loads(data) for _, name, data in parser.events if name == "overview"]


@pytest.mark.django_db(transaction=True)
async def test_an_overview_has_the_worker_and_its_rooms(lobby, boss, connect, monkeypatch):
    monkeypatch.setattr(views, "INTERVAL_SECONDS", 0.01)
    socket = await connect("/ws/chat/?name=Ann")
    await socket.join()
    window = AsyncClient()
    await window.aforce_login(boss)
    [shown] = await overviews(await window.get(EVENTS), 1)
    [worker], [room] = shown["workers"], shown["rooms"]
    assert (worker["here"], worker["redis"], worker["draining"]) == (True, None, False)
    assert worker["sockets"] == {"json": 1}
    assert (room["slug"], room["taps"]) == ("lobby", {"json": 1})
    assert room["online"] == [{"name": "Ann", "guest": True}]


@pytest.mark.django_db(transaction=True)
async def test_the_events_end_with_the_session(lobby, boss, monkeypatch):
    monkeypatch.setattr(views, "INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(views, "ACCESS_CHECK_SECONDS", 0.1)
    window = AsyncClient()
    await window.aforce_login(boss)
    answer = await window.get(EVENTS)
    await overviews(answer, 1)
    await window.alogout()
    async with asyncio.timeout(10):
        async for _ in answer.streaming_content:
            pass


@pytest.mark.django_db(transaction=True)
async def test_the_events_end_at_once_after_a_logout_on_this_worker(lobby, boss):
    window = AsyncClient()
    await window.aforce_login(boss)
    answer = await window.get(EVENTS)
    await overviews(answer, 1)
    await window.alogout()
    async with asyncio.timeout(views.ACCESS_CHECK_SECONDS / 2):
        async for _ in answer.streaming_content:
            pass


def test_closing_a_room_needs_the_change_permission(staff, browser, lobby):
    assert browser(staff("view_room")).post(CLOSE, {"room": lobby.pk}).status_code == 403
    assert not LogEntry.objects.exists()


def test_closing_a_room_is_logged_in_the_admin(staff, browser, lobby):
    window = browser(staff("view_room", "change_room"))
    assert window.post(CLOSE, {"room": lobby.pk}).status_code == 204
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.get_change_message()) == (
        str(lobby.pk),
        "Closed its connections.",
    )


@pytest.mark.parametrize("room", ["", "x", "0", "²", "9" * 30])
def test_closing_a_room_that_does_not_exist_is_a_404(boss, browser, room):
    assert browser(boss).post(CLOSE, {"room": room}).status_code == 404


def test_closing_a_room_needs_a_csrf_token(boss, lobby):
    window = Client(enforce_csrf_checks=True)
    window.force_login(boss)
    assert window.post(CLOSE, {"room": lobby.pk}).status_code == 403
