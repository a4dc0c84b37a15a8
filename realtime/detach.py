"""Runs the long-lived part of a request after the middleware stack has returned.

As long as an application runs, the frames of all middleware stay in memory, each with its copy of
the scope. For a stream, so do Django's request, its response and two tasks. They cost 12 of the
36 KB that a stream took.
"""

from typing import Any

from realtime.extensions import DETACH, Continuation


def detach(scope: Any, continuation: Continuation) -> bool:
    """Lets `DetachMiddleware` run `continuation(receive, send)` when the application has returned.
    False if that middleware is not there: then the caller must run it itself."""
    if DETACH not in scope:
        return False
    scope[DETACH].append(continuation)
    return True


class DetachMiddleware:
    """ASGI middleware that runs the continuations. They get its own `receive` and `send`: a wrapper
    that an inner middleware put around these no longer applies."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        first_part = self._run_application(scope, receive, send)
        del scope  # this frame lives as long as the continuation, and would keep the scope
        continuations = await first_part
        del first_part
        for continuation in continuations:
            await continuation(receive, send)

    async def _run_application(self, scope: Any, receive: Any, send: Any) -> list[Continuation]:
        continuations: list[Continuation] = []

        async def send_first_part(message: Any) -> None:
            # The application ends the body when it returns. The continuation still writes to it.
            if not (continuations and message["type"] == "http.response.body"):
                await send(message)

        await self.application({**scope, DETACH: continuations}, receive, send_first_part)
        return continuations
