"""Sessions: the middleware for WebSockets, and whose a session is now."""

from importlib import import_module
from typing import Any, cast

from channels.auth import get_user
from channels.sessions import CookieMiddleware
from django.conf import settings

from chat.identity.members import Member


def session_store() -> Any:
    """The class of the sessions: that of SESSION_ENGINE."""
    return import_module(settings.SESSION_ENGINE).SessionStore


class SessionMiddleware:
    """ASGI middleware that adds `session` to the scope. Channels' own checks at every frame that
    is sent whether to save the session; our sockets never change it."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.store = session_store()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        session = self.store(scope["cookies"].get(settings.SESSION_COOKIE_NAME))
        await self.application({**scope, "session": session}, receive, send)


def with_sessions(application: Any) -> CookieMiddleware:
    """Wraps an application that needs `cookies` and `session` in its scope."""
    return CookieMiddleware(SessionMiddleware(application))


async def is_logged_in(member: Member, session_key: str | None) -> bool:
    """Whether the session still belongs to the member. A guest has no session. Raises
    DatabaseError."""
    if session_key is None:
        return member.guest
    user = await user_of(session_key)
    return bool(user.pk == member.user_id)


async def user_of(session_key: str | None) -> Any:
    """The user to whom the session belongs now; AnonymousUser if none. Raises DatabaseError."""
    session = session_store()(session_key)
    # `get_user` uses nothing else of the scope.
    return await get_user(cast(Any, {"session": session}))
