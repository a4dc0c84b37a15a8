"""The place where the examples happen: a site with two rooms and a text, and what befalls it."""

import contextlib
import signal
import sqlite3
from importlib import import_module
from typing import Any

import httpx
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model

from chat.models import Room
from streaming.models import StreamText


def set_the_scene() -> dict[str, str]:
    """Makes what the document says that there is. The log of the examples has one life. Returns
    the cookies of a user who has logged in."""
    Room.objects.filter(slug="lobby").update(epoch="e5922e7f")
    closed = {"slug": "backroom", "name": "Backroom", "epoch": "0c11d5a9", "is_public": False}
    Room.objects.create(**closed)
    greeting = {"slug": "greeting", "title": "Greeting", "body": "Hi\n👋🏽"}
    StreamText.objects.create(**greeting, event_name="letter", interval_ms=50)
    return log_in(get_user_model().objects.create_user("alice"))


def log_in(user: Any) -> dict[str, str]:
    """Makes a session of a user; returns its cookie."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return {settings.SESSION_COOKIE_NAME: session.session_key}


class Stage:
    """A worker, and what can happen to it."""

    def __init__(self, site: Any):
        self.site = site
        self.cookies = {"alice": site.query(set_the_scene)}
        self.worker = site.worker()
        self.held = contextlib.AsyncExitStack()
        self.standing_still = False

    def cookie(self, user: str) -> str:
        """The Cookie header of somebody who has logged in."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies[user].items())

    async def happens(self, what: str) -> None:
        """Does what a line in parentheses says, or the option `stage` of a block."""
        await getattr(self, what.strip("()").replace("-", "_").replace(" ", "_"))()

    async def close(self) -> None:
        """Lets go of what was held."""
        await self.held.aclose()

    # ---- What happens ----

    async def alice_logs_out(self) -> None:
        async with httpx.AsyncClient(cookies=self.cookies["alice"], timeout=30) as client:
            await client.get(f"{self.worker.url}/chat/lobby/")
            token = {"X-CSRFToken": client.cookies["csrftoken"]}
            answer = await client.post(f"{self.worker.url}/logout/", headers=token)
            assert answer.status_code == 302

    async def the_worker_is_told_to_end(self) -> None:
        self.worker.running.send_signal(signal.SIGTERM)

    async def the_database_takes_no_writes(self) -> None:
        self.lock = sqlite3.connect(self.site.folder / "site.sqlite3", isolation_level=None)
        self.lock.execute("BEGIN IMMEDIATE")
        self.held.callback(self.lock.close)

    async def the_database_is_back(self) -> None:
        self.lock.execute("ROLLBACK")

    async def the_room_is_deleted_while_a_message_is_under_way(self) -> None:
        """The worker stands still until the message is there: it cannot have noticed before."""
        self.worker.pause()
        self.standing_still = True
        with contextlib.closing(sqlite3.connect(self.site.folder / "site.sqlite3")) as database:
            for table in ("chat_entry", "chat_readmark", "chat_room_members"):
                database.execute(f"DELETE FROM {table}")
            database.execute("DELETE FROM chat_room WHERE slug = 'lobby'")
            database.commit()

    async def sent(self) -> None:
        """A client has sent something."""
        if self.standing_still:
            self.standing_still = False
            self.worker.resume()

    async def a_stream_is_open(self) -> None:
        client = await self.held.enter_async_context(httpx.AsyncClient(timeout=30))
        url = f"{self.worker.url}/api/sse?interval=10000"
        answer = await self.held.enter_async_context(client.stream("GET", url))
        self.stream = answer.aiter_raw()  # kept, or it would be closed
        await anext(self.stream)
