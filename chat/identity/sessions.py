"""Whose session a socket is opened with."""

from importlib import import_module
from typing import Any

from channels.sessions import CookieMiddleware
from django.conf import settings


class Sessions:
    """ASGI middleware: gives a socket its session. In place of Channels' own, which looks at each
    frame that leaves whether the session is to be saved with it; a socket changes none."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.store = import_module(settings.SESSION_ENGINE).SessionStore

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        session = self.store(scope["cookies"].get(settings.SESSION_COOKIE_NAME))
        await self.application({**scope, "session": session}, receive, send)


def with_sessions(application: Any) -> CookieMiddleware:
    """The application, for scopes that have headers alone."""
    return CookieMiddleware(Sessions(application))
