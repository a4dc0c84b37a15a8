"""Plays a text straight to a connection, with no task to switch to for each piece."""

import asyncio
from typing import Any

from django.http import HttpRequest

from realtime.extensions import BODY_WRITER, BodyWriter
from realtime.worker import current
from streaming.texts.schedule import Reading


def outlet_of(request: HttpRequest) -> BodyWriter | None:
    """That of the response to a request, where the server has one."""
    scope: dict[str, Any] = getattr(request, "scope", {})
    outlet: BodyWriter | None = (scope.get("extensions") or {}).get(BODY_WRITER)
    return outlet


class Player:
    """Plays one reading."""

    __slots__ = ("outlet", "reading", "stopped")

    def __init__(self, reading: Reading, outlet: BodyWriter) -> None:
        self.reading = reading
        self.outlet = outlet
        self.stopped: asyncio.Future[None]

    async def play(self) -> None:
        """Until the reader has everything. It may be cancelled, between two events."""
        try:
            while not self.reading.finished:
                await self.outlet.drained()
                self.stopped = asyncio.get_running_loop().create_future()
                current().scheduler.call_at(self.reading.moment, self._step)
                await self.stopped
        finally:
            # Who has left is in the beat until its next moment, up to ten seconds more.
            del self.outlet, self.reading

    def _step(self, now: float) -> float | None:
        if self.stopped.done():  # cancelled
            return None
        try:
            self.outlet.write_body(self.reading.take(now))
        except Exception as error:
            self.stopped.set_exception(error)
            return None
        if self.reading.finished or self.outlet.full:
            self.stopped.set_result(None)
            return None
        return self.reading.moment
