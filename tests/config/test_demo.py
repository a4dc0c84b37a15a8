import io

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import OutputWrapper
from django.db import DEFAULT_DB_ALIAS

from chat.models import Room
from config.database_lock import database_lock
from realtime import graphemes
from streaming.models import StreamText

pytestmark = pytest.mark.django_db


def test_demo_adds_a_text_a_room_and_an_admin(capsys, client):
    call_command("demo")
    printed = capsys.readouterr().out
    password = printed.split("password ")[1].split()[0]
    assert client.login(username="admin", password=password)
    assert Room.objects.filter(slug="lobby", is_public=True).exists()
    body = StreamText.objects.get(is_default=True).body
    assert {"👨‍👩‍👧‍👦", "🇨🇳", "👋🏽", "e\u0301", "स्ते", "字"} <= set(graphemes.split(body))


def test_demo_changes_nothing_when_it_runs_again(capsys):
    call_command("demo")
    StreamText.objects.get().delete()
    StreamText.objects.create(slug="mine", title="Mine", body="m", is_default=True)
    Room.objects.filter(slug="lobby").update(name="Foyer")
    get_user_model().objects.update(email="me@example.org")
    capsys.readouterr()

    call_command("demo")
    assert "password" not in capsys.readouterr().out
    assert StreamText.objects.get(is_default=True).slug == "mine"
    assert Room.objects.get(slug="lobby").name == "Foyer"
    assert get_user_model().objects.get().email == "me@example.org"


def test_demo_does_not_change_an_edited_text():
    call_command("demo")
    StreamText.objects.update(body="mine")
    call_command("demo")
    assert StreamText.objects.get().body == "mine"


def test_demo_does_not_make_an_existing_user_superuser(capsys):
    get_user_model().objects.create_user("admin", password="a")
    call_command("demo")
    assert not get_user_model().objects.get().is_superuser
    assert "no superuser was added" in capsys.readouterr().err


def test_demo_if_new_does_nothing_on_a_site_with_users(capsys):
    call_command("demo", if_new=True)
    assert "password" in capsys.readouterr().out
    StreamText.objects.all().delete()
    call_command("demo", if_new=True)
    assert not StreamText.objects.exists()


class Released(io.StringIO):
    """The standard error of a command. The first line that is written to it releases a lock."""

    def __init__(self, lock):
        super().__init__()
        self.lock = lock

    def write(self, text):
        self.lock.__exit__(None, None, None)
        return super().write(text)


def test_demo_waits_while_another_command_prepares_the_database():
    lock = database_lock(DEFAULT_DB_ALIAS, OutputWrapper(io.StringIO()))
    lock.__enter__()
    errors = Released(lock)
    call_command("demo", stderr=errors)
    assert errors.getvalue().startswith("Another command prepares this database.")
    assert StreamText.objects.exists()
