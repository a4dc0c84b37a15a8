"""The stream's page and its events."""

import logging
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from streaming import playback, sse
from streaming.models import INTERVAL_MS, StreamText

logger = logging.getLogger(__name__)

# Milliseconds. Jittered, so that the readers of a worker that died do not return as one.
RETRY_MS = (1_000, 3_000)
RETRY_WHEN_FULL_MS = (10_000, 30_000)


class Open:
    """How many streams this worker holds."""

    def __init__(self) -> None:
        self.count = 0

    @property
    def full(self) -> bool:
        return self.count >= settings.STREAMS_PER_WORKER

    @contextmanager
    def one(self) -> Iterator[None]:
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


streams = Open()


class EventStream(StreamingHttpResponse):
    """A stream that is counted from its first byte until it ends or its reader leaves."""

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        super().__init__(source, headers=dict(sse.HEADERS))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # Here and not in the source: Django closes this iterator when the reader leaves, and
        # leaves the source to the garbage collector.
        with streams.one():
            async for piece in super().__aiter__():
                yield piece


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """A page that shows a stream."""
    context = {"texts": StreamText.objects.defer("body"), "selected": request.GET.get("text", "")}
    return render(request, "streaming/stream.html", context)


@csrf_exempt
@require_GET
def texts(request: HttpRequest) -> JsonResponse:
    """What can be streamed, and under which event name a page has to listen."""
    shown = ["slug", "title", "event_name", "interval_ms", "is_default"]
    return JsonResponse({"texts": list(StreamText.objects.values(*shown))})


# Django would ask any other method for a token before it could be told that there is only GET.
@csrf_exempt
@require_GET
async def events(request: HttpRequest) -> HttpResponseBase:
    """The events of a text, from the reader's cursor, at the reader's pace."""
    if streams.full:
        return EventStream(_busy())
    try:
        interval_ms = _interval(request.GET.get("interval"))
        found = await playback.find(request.GET.get("text") or None, _cursor(request), interval_ms)
    except ValueError as error:
        return _error(400, "bad_request", str(error))
    except playback.NoText:
        return _error(404, "not_found", "There is no such text.")
    except DatabaseError as error:
        logger.error("A stream was not begun: %s", type(error).__name__)
        return EventStream(_busy())
    if found.finished:
        # The only answer that makes EventSource stop by itself (HTML, section 9.2.2).
        return HttpResponse(status=204)
    return EventStream(_play(found))


async def _play(found: playback.Playback) -> AsyncIterator[bytes]:
    # Daphne sends the headers with the first bytes, and `onopen` waits for those.
    yield _retry(RETRY_MS) + found.meta()
    async for piece in found.play():
        yield piece


async def _busy() -> AsyncIterator[bytes]:
    # 200, since EventSource gives up for good on any other status.
    yield _retry(RETRY_WHEN_FULL_MS)


def _retry(between_ms: tuple[int, int]) -> bytes:
    least, most = between_ms
    return sse.retry(least + secrets.randbelow(most - least + 1))


def _cursor(request: HttpRequest) -> str | None:
    return request.headers.get("Last-Event-ID") or request.GET.get("cursor") or None


def _interval(text: str | None) -> int | None:
    if not text:
        return None
    least, most = INTERVAL_MS
    if not (re.fullmatch("[0-9]{1,5}", text) and least <= int(text) <= most):
        raise ValueError(f"interval is a whole number of milliseconds from {least} to {most}.")
    return int(text)


def _error(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"type": "error", "code": code, "message": message}, status=status)
