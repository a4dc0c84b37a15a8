"""The session of a WebSocket."""

from importlib import import_module
from typing import Any

from channels.sessions import CookieMiddleware
from django.conf import settings


class SessionMiddleware:
    """ASGI middleware that adds `session` to the scope. Channels' own checks at every frame that
    is sent whether to save the session; our sockets never change it."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.store = import_module(settings.SESSION_ENGINE).SessionStore

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        session = self.store(scope["cookies"].get(settings.SESSION_COOKIE_NAME))
        await self.application({**scope, "session": session}, receive, send)


def with_sessions(application: Any) -> CookieMiddleware:
    """Wraps an application that needs `cookies` and `session` in its scope."""
    return CookieMiddleware(SessionMiddleware(application))
