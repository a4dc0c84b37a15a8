"""`manage.py demo`: adds a text, a room and an admin to an empty site."""

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandParser
from django.db import DEFAULT_DB_ALIAS

from chat.models import Room
from config.database_lock import database_lock
from streaming.models import StreamText

BODY = """\
Words arrive one by one, the way a thought does. 文字一个接一个地来，像一个人正在想。

This is Twinstream 🌊 — text over Server-Sent Events, talk over WebSocket. \
一条流写字，一条流说话，两条流共用一台服务器。

What you see are characters as people count them, not bytes:
a family of four is one 👨‍👩‍👧‍👦, a flag is one 🇨🇳 🇫🇷, a waving hand with its skin tone is one 👋🏽;
é written as e and an accent is one e\u0301, नमस्ते has three, 한국어 has three.

把网线拔掉再插上：它从断开的那个字继续，不多一个，也不少一个。
Pull the plug and put it back: it goes on at the very character where it stopped.

Now log in to the admin and write something of your own. ✍️"""


class Command(BaseCommand):
    help = (
        "Adds a text, the room “lobby”, and a superuser if there is none. May be run several times."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-new", action="store_true", help="do nothing if there is a user")

    def handle(self, *args: Any, **options: Any) -> None:
        with database_lock(DEFAULT_DB_ALIAS, self.stderr):
            self.fill(if_new=options["if_new"])

    def fill(self, *, if_new: bool) -> None:
        if if_new and get_user_model()._default_manager.exists():
            return
        self.add_text()
        Room.objects.get_or_create(slug="lobby", defaults={"name": "Lobby"})
        self.add_admin()

    def add_text(self) -> None:
        if not StreamText.objects.filter(slug="default").exists():
            StreamText.objects.create(
                slug="default",
                title="Two streams · 双流",
                body=BODY,
                is_default=not StreamText.objects.filter(is_default=True).exists(),
            )

    def add_admin(self) -> None:
        users = get_user_model()._default_manager
        if users.filter(is_superuser=True).exists():
            return
        if users.filter(**{get_user_model().USERNAME_FIELD: "admin"}).exists():
            self.stderr.write(
                "The user admin exists and is not a superuser; no superuser was added."
            )
            return
        password = secrets.token_urlsafe(12)
        get_user_model().objects.create_superuser("admin", password=password)
        self.stdout.write(f"Admin: log in at /admin/ as admin, password {password} (shown once)")
