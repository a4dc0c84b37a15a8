"""The page of the texts, and their event streams."""

import logging
import re

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_safe

from realtime import event_stream
from realtime.error_response import error_response
from realtime.errors import Refused
from realtime.worker import current
from streaming.models import INTERVAL_MS, StreamText
from streaming.texts import playback, player

logger = logging.getLogger(__name__)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page that shows a text as it is streamed."""
    context = {"texts": StreamText.objects.defer("body"), "selected": request.GET.get("text", "")}
    return render(request, "streaming/stream.html", context)


@csrf_exempt
@require_GET
def texts(request: HttpRequest) -> JsonResponse:
    """The texts that can be streamed, with the event name that a page must listen for."""
    shown = ["slug", "title", "event_name", "interval_ms", "is_default"]
    return JsonResponse({"texts": list(StreamText.objects.values(*shown))})


# csrf_exempt: otherwise Django answers a POST with 403 for a missing token instead of 405.
@csrf_exempt
@require_GET
async def events(request: HttpRequest) -> HttpResponseBase:
    """The events of a text, from the reader's cursor, at the reader's pace."""
    if event_stream.at_capacity(request):
        return event_stream.overloaded()
    try:
        interval_ms = _interval(request.GET.get("interval"))
        slug = request.GET.get("text") or None
        found = await playback.find(slug, event_stream.cursor(request), interval_ms)
    except ValueError as error:
        return error_response(Refused("bad_request", str(error)))
    except playback.NoText:
        return error_response(Refused("not_found", "There is no such text."))
    except DatabaseError as error:
        logger.error("A text stream could not start: %s", type(error).__name__)
        return event_stream.overloaded()
    if found.finished:
        # The only answer after which EventSource stops by itself (HTML, section 9.2.2).
        return HttpResponse(status=204)
    chunks = player.play(found, player.writer_of(request), current().scheduler)
    return event_stream.EventStream(chunks, "text", request)


def _interval(text: str | None) -> int | None:
    """Milliseconds, or None for the text's own interval. ValueError if out of range."""
    if not text:
        return None
    least, most = INTERVAL_MS
    if not (re.fullmatch("[0-9]{1,5}", text) and least <= int(text) <= most):
        raise ValueError(f"interval is a whole number of milliseconds from {least} to {most}.")
    return int(text)
