import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import Permission
from django.test import Client as Browser

from chat import rooms
from chat.log import store
from chat.models import Entry, Room
from chat.worker import current
from tests.chat.log.test_store import draft

pytestmark = pytest.mark.django_db(transaction=True)

ENTRIES = "/admin/chat/entry/"


@pytest.fixture
def staff(client, boss):
    client.force_login(boss)
    return client


def delete(client, *entries):
    chosen = {"action": "delete_through_log", "_selected_action": [entry.pk for entry in entries]}
    return client.post(ENTRIES, chosen, follow=True).content.decode()


def test_the_delete_action_appends_a_delete_entry(staff, lobby):
    store.write([draft(lobby, "a", "secret"), draft(lobby, "b", "stays")])
    page = delete(staff, Entry.objects.get(seq=1))
    assert "1 message was deleted." in page
    assert list(Entry.objects.order_by("seq").values_list("kind", "body", "ref", "deleted")) == [
        ("say", "", None, True),
        ("say", "stays", None, False),
        ("delete", "", 1, False),
    ]


def test_the_delete_action_ignores_entries_that_are_not_messages(staff, lobby):
    store.write([draft(lobby, "a"), draft(lobby, "b", "", kind="delete", ref=1)])
    assert "0 messages were deleted." in delete(staff, *Entry.objects.all())
    assert Entry.objects.count() == 2


async def test_a_reader_of_the_room_receives_the_deletion(connect, lobby, boss):
    client = await connect()
    await client.join()
    await current().writer.add(draft(lobby, "a", "secret"))
    await client.until("events")
    browser = Browser()

    @database_sync_to_async
    def act():
        browser.force_login(boss)
        delete(browser, Entry.objects.get(seq=1))

    await act()
    (entry,) = (await client.until("events"))["events"]
    assert (entry["kind"], entry["ref"], entry["author"]["name"]) == ("delete", 1, "boss")


def test_the_view_permission_does_not_allow_to_delete(client, lobby, stranger):
    store.write([draft(lobby, "a")])
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.add(Permission.objects.get(codename="view_entry"))
    client.force_login(stranger)
    assert "delete_through_log" not in client.get(ENTRIES).content.decode()
    delete(client, Entry.objects.get())
    assert not Entry.objects.get().deleted


def change(client, entry, body):
    answer = client.post(f"{ENTRIES}{entry.pk}/change/", {"body": body}, follow=True)
    return answer.content.decode()


def test_the_form_appends_an_edit_entry(staff, lobby):
    store.write([draft(lobby, "a", "rude")])
    assert "The message was changed." in change(staff, Entry.objects.get(), "kind\r\nand gentle")
    said, edit = Entry.objects.order_by("seq")
    assert (said.body, said.author_name) == ("kind\nand gentle", "Ann")
    assert (edit.kind, edit.ref, edit.author_name) == ("edit", 1, "boss")


@pytest.mark.parametrize(
    ("body", "why"), [(" ", "at least one character"), ("x" * 4_001, "at most 4000 characters")]
)
def test_the_form_refuses_a_bad_body(staff, lobby, body, why):
    store.write([draft(lobby, "a", "stays")])
    assert why in change(staff, Entry.objects.get(), body)
    assert Entry.objects.get().body == "stays"


def test_a_message_that_was_just_deleted_cannot_be_edited(staff, lobby, monkeypatch):
    store.write([draft(lobby, "a", "secret")])
    entry = Entry.objects.get()
    is_moderator = rooms.is_moderator

    async def deleted_meanwhile(member):
        await current().writer.add(draft(lobby, "b", "", kind="delete", ref=1))
        return await is_moderator(member)

    monkeypatch.setattr(rooms, "is_moderator", deleted_meanwhile)
    assert "does not exist" in change(staff, entry, "again")
    assert Entry.objects.get(seq=1).body == ""


def test_entries_that_are_not_messages_are_read_only(staff, lobby):
    store.write([draft(lobby, "a"), draft(lobby, "b", "", kind="delete", ref=1)])
    for entry in Entry.objects.all():
        assert staff.get(f"{ENTRIES}{entry.pk}/change/").status_code == 200
        assert staff.post(f"{ENTRIES}{entry.pk}/change/", {"body": "x"}).status_code == 403
        assert staff.post(f"{ENTRIES}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert staff.get(f"{ENTRIES}add/").status_code == 403


def test_a_room_is_added_and_changed_without_changing_its_head(staff, lobby):
    store.write([draft(lobby)])  # after the room was loaded for the form, as it were
    fields = {"name": "Foyer", "slug": "lobby", "topic": "t", "is_public": "on"}
    assert staff.post(f"/admin/chat/room/{lobby.pk}/change/", fields).status_code == 302
    lobby.refresh_from_db()
    assert (lobby.name, lobby.head) == ("Foyer", 1)
    assert staff.post("/admin/chat/room/add/", fields | {"slug": "new"}).status_code == 302
    assert Room.objects.get(slug="new").head == 0


def test_a_room_is_deleted_with_its_log(staff, lobby):
    store.write([draft(lobby)])
    assert staff.post(f"/admin/chat/room/{lobby.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Room.objects.filter(pk=lobby.pk).exists()


def test_the_page_that_deletes_a_room_names_the_entries_that_exist(staff, lobby):
    store.write([draft(lobby, "a"), draft(lobby, "b"), draft(lobby, "c")])
    Entry.objects.filter(seq=1).delete()
    page = staff.get(f"/admin/chat/room/{lobby.pk}/delete/").content.decode()
    assert "2–3" in page
