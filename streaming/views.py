"""The stream's page and its events."""

import logging
import re
from collections.abc import AsyncGenerator
from time import monotonic

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_safe

from realtime import event_stream
from realtime.extensions import BodyWriter
from streaming.models import INTERVAL_MS, StreamText
from streaming.texts import playback
from streaming.texts.body_writer import Player, outlet_of

logger = logging.getLogger(__name__)


@require_safe
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
    if event_stream.no_room_for(request):
        return event_stream.busy()
    try:
        interval_ms = _interval(request.GET.get("interval"))
        slug = request.GET.get("text") or None
        found = await playback.find(slug, event_stream.cursor(request), interval_ms)
    except ValueError as error:
        return _error(400, "bad_request", str(error))
    except playback.NoText:
        return _error(404, "not_found", "There is no such text.")
    except DatabaseError as error:
        logger.error("A stream was not begun: %s", type(error).__name__)
        return event_stream.busy()
    if found.finished:
        # The only answer that makes EventSource stop by itself (HTML, section 9.2.2).
        return HttpResponse(status=204)
    return event_stream.EventStream(_play(found, outlet_of(request)), "text", request)


async def _play(found: playback.Playback, outlet: BodyWriter | None) -> AsyncGenerator[bytes]:
    # Daphne sends the headers with the first bytes, and `onopen` waits for those.
    yield event_stream.retry() + found.opening()
    if outlet is not None:
        await Player(found.read(monotonic()), outlet).play()
    else:
        async for piece in found.play():
            yield piece


def _interval(text: str | None) -> int | None:
    if not text:
        return None
    least, most = INTERVAL_MS
    if not (re.fullmatch("[0-9]{1,5}", text) and least <= int(text) <= most):
        raise ValueError(f"interval is a whole number of milliseconds from {least} to {most}.")
    return int(text)


def _error(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"type": "error", "code": code, "message": message}, status=status)
