"""The site of the examples: two rooms, a text, a user, and the events that examples name."""

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
from tests.protocol.cursors import Cursors


def create_data() -> dict[str, str]:
    """Creates the data that the document assumes, with the epochs that it shows. Returns the
    cookies of a user who has logged in."""
    Room.objects.filter(slug="lobby").update(epoch="e5922e7f")
    closed = {"slug": "backroom", "name": "Backroom", "epoch": "0c11d5a9", "is_public": False}
    Room.objects.create(**closed)
    greeting = {"slug": "greeting", "title": "Greeting", "body": "Hi\n👋🏽"}
    StreamText.objects.create(**greeting, event_name="letter", interval_ms=50)
    return log_in(get_user_model().objects.create_user("alice"))


def log_in(user: Any) -> dict[str, str]:
    """Creates a session for a user; returns its cookie."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return {settings.SESSION_COOKIE_NAME: session.session_key}


class ExampleSite:
    """A worker and its site. Each method under "Events" is an event that an example can name."""

    def __init__(self, site: Any):
        self.site = site
        self.cookies = {"alice": site.query(create_data)}
        self.worker = site.worker()
        self.resources = contextlib.AsyncExitStack()
        self.paused = False
        self.cursors = Cursors()

    def cookie(self, user: str) -> str:
        """The Cookie header of a user who has logged in."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies[user].items())

    async def run_event(self, what: str) -> None:
        """Runs the event that a line in parentheses or the option `stage` of a block names."""
        await getattr(self, what.strip("()").replace("-", "_").replace(" ", "_"))()

    async def close(self) -> None:
        """Closes the open streams and the locked database."""
        await self.resources.aclose()

    # ---- Events ----

    async def alice_logs_out(self) -> None:
        async with httpx.AsyncClient(cookies=self.cookies["alice"], timeout=30) as client:
            await client.get(f"{self.worker.url}/chat/lobby/")
            token = {"X-CSRFToken": client.cookies["csrftoken"]}
            answer = await client.post(f"{self.worker.url}/logout/", headers=token)
            assert answer.status_code == 302

    async def the_worker_is_stopped(self) -> None:
        self.worker.running.send_signal(signal.SIGTERM)

    async def the_database_takes_no_writes(self) -> None:
        self.lock = sqlite3.connect(self.site.folder / "site.sqlite3", isolation_level=None)
        self.lock.execute("BEGIN IMMEDIATE")
        self.resources.callback(self.lock.close)

    async def the_database_is_back(self) -> None:
        self.lock.execute("ROLLBACK")

    async def the_room_is_deleted_while_a_message_is_under_way(self) -> None:
        """The worker is paused until the message is sent, so that it does not notice earlier."""
        self.worker.pause()
        self.paused = True
        with contextlib.closing(sqlite3.connect(self.site.folder / "site.sqlite3")) as database:
            for table in ("chat_entry", "chat_readmark", "chat_room_members"):
                database.execute(f"DELETE FROM {table}")
            database.execute("DELETE FROM chat_room WHERE slug = 'lobby'")
            database.commit()

    async def sent(self) -> None:
        """Called after a client has sent a message. Resumes a paused worker."""
        if self.paused:
            self.paused = False
            self.worker.resume()

    async def a_stream_is_open(self) -> None:
        client = await self.resources.enter_async_context(httpx.AsyncClient(timeout=30))
        url = f"{self.worker.url}/api/sse?interval=10000"
        answer = await self.resources.enter_async_context(client.stream("GET", url))
        self.stream = answer.aiter_raw()  # a reference, because an iterator without one is closed
        await anext(self.stream)
