import pytest
from django.test import Client

from chat.identity import members
from chat.identity.members import Member
from chat.models import Room
from chat.worker import current

pytestmark = pytest.mark.django_db


def name(client, name):
    return client.post("/api/me", {"name": name})


def guest(client):
    return members.guest_of({"guest": client.cookies["guest"].value})


@pytest.mark.django_db(transaction=True)
def test_a_visitor_becomes_a_guest_and_stays_the_same_guest(client, lobby):
    client.get("/chat/lobby/")
    first = guest(client)
    page = client.get("/chat/lobby/")
    assert first.name in page.content.decode()
    assert guest(client) == first
    assert client.cookies["guest"]["httponly"]


@pytest.mark.django_db(transaction=True)
def test_the_page_of_a_room_needs_the_right_to_enter_it(client, lobby, backroom, alice):
    assert client.get("/chat/nowhere/").status_code == 404
    assert client.get("/chat/backroom/").status_code == 403
    assert "Backroom" not in client.get("/chat/").content.decode()
    client.force_login(alice)
    assert client.get("/chat/backroom/").status_code == 200
    assert "Backroom" in client.get("/chat/").content.decode()


def test_the_list_shows_a_visitor_only_public_rooms(client, lobby):
    Room.objects.create(slug="secret", name="Secret board", is_public=False)
    assert "Secret" not in client.get("/chat/").content.decode()


def test_the_list_shows_staff_every_room(client, lobby, backroom, boss):
    client.force_login(boss)
    page = client.get("/chat/").content.decode()
    assert "Backroom" in page
    assert "Lobby" in page


@pytest.mark.django_db(transaction=True)
def test_a_guest_takes_a_name(client, lobby):
    client.get("/chat/lobby/")
    key = guest(client).key
    answer = name(client, " 小明 ")
    assert answer.json() == {"key": key, "name": "小明", "guest": True}
    assert guest(client) == Member(key, "小明", guest=True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wanted", ["", "a\nb", "x" * 33, "Alice", "zoë"])
async def test_a_guest_does_not_get_a_name_that_is_bad_or_taken(async_client, alice, wanted):
    with current().presence_sync.connected(Member("g-2", "Zoë", guest=True)):
        answer = await name(async_client, wanted)
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_name"
    assert answer.json()["message"]
    assert "guest" not in async_client.cookies


def test_a_user_cannot_take_another_name(client, alice):
    client.force_login(alice)
    assert name(client, "other").status_code == 403


def test_a_name_needs_a_post_with_a_csrf_token(client):
    assert client.get("/api/me").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/api/me", {"name": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/chat/", "/login/", "/stream/"])
def test_pages_work_with_an_empty_database(client, path):
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200


def test_the_default_address_of_the_icon_redirects(client):
    assert client.get("/favicon.ico")["Location"] == "/static/favicon.svg"


def test_a_user_logs_in_and_out(client, alice):
    answer = client.post("/login/?next=/chat/", {"username": "alice", "password": "a"})
    assert answer["Location"] == "/chat/"
    assert "alice" in client.get("/").content.decode()
    assert client.post("/logout/").status_code == 302
    assert "alice" not in client.get("/").content.decode()


def test_an_unknown_page_is_a_404_of_the_site(client):
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "Twinstream" in answer.content.decode()
