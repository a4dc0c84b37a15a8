"""The commands of docs/operating.md that move a site from SQLite to PostgreSQL."""

import re
from datetime import datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db.models import F

from chat.log import read_receipts, store
from chat.log.read_receipts import ReadReceipt
from chat.models import Entry, ReadMark, Room
from streaming.models import Revision, StreamText
from tests.chat.log.test_store import draft
from tests.databases import Postgres, manage
from tests.processes import ROOT


@pytest.fixture
def postgres():
    process = Postgres()
    yield process.start()
    process.close()


def fill():
    """Writes what a site has: changed texts, a log, a user with a private room, a session."""
    StreamText(slug="poem", title="Poem", body="first").save()
    text = StreamText.objects.get(slug="poem")
    text.body = "second"
    text.save()
    Room.objects.filter(slug="lobby").delete()
    lobby = Room.objects.create(slug="lobby", name="Created again, under another primary key")
    store.write([draft(lobby, str(number), f"你好 {number}") for number in range(5)])
    edit = draft(lobby, "e", "new", kind="edit", ref=2)
    store.write([edit, draft(lobby, "d", "", kind="delete", ref=1)])
    alice = get_user_model().objects.create_user("alice", password="a")
    Room.objects.create(slug="backroom", name="Backroom", is_public=False).members.add(alice)
    read_receipts.write([ReadReceipt(lobby.pk, f"u-{alice.pk}", 3)])


def contents():
    """All rows that must not change."""
    members = Room.members.through
    models = (Room, members, Entry, ReadMark, StreamText, Revision, get_user_model(), Session)
    return {
        (model.__name__, row["key"], name): without_microseconds(value)
        for model in models
        for row in model.objects.annotate(key=F("pk")).values()
        for name, value in row.items()
    }


def without_microseconds(value):
    """`dumpdata` writes times to the millisecond, as every transport does."""
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


def documented_commands():
    """The arguments of manage.py in the section of docs/operating.md."""
    page = (ROOT / "docs" / "operating.md").read_text()
    section = page.split("## From SQLite to PostgreSQL\n")[1].split("\n## ")[0]
    commands = [line.split() for line in re.findall(r"manage\.py (.+)", section)]
    assert ["migrate"] in commands
    return [command for command in commands if command != ["migrate"]]  # The fixture has done it.


def test_a_site_moves_to_postgresql_with_all_cursors(make_site, postgres, tmp_path):
    site = make_site()
    site.query(fill)
    before = site.query(contents)
    file = tmp_path / "site.jsonl"
    for command in documented_commands():
        arguments = [str(file) if word == file.name else word for word in command]
        manage(site.environment, *arguments)
        if command[0] == "dumpdata":
            site.environment["DATABASE_URL"] = postgres.url
    assert site.query(contents) == before
