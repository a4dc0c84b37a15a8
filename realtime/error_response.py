"""The HTTP response to a refused request."""

from django.http import JsonResponse

from realtime.errors import Refused


def error_response(
    refused: Refused, cid: str | None = None, room: str | None = None
) -> JsonResponse:
    """The `error` as JSON, with its status and, if the client may retry, `Retry-After` in seconds
    (rounded up)."""
    response = JsonResponse(
        refused.body(cid, room),
        status=refused.error.status,
        json_dumps_params={"ensure_ascii": False, "separators": (",", ":")},
    )
    if refused.retry_after_ms:
        response.headers["Retry-After"] = str(-(-refused.retry_after_ms // 1000))
    return response
