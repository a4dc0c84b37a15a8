"""What the taps over HTTP have in common: who asks, and what is answered."""

from typing import Any

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from chat import rooms
from chat.identity.members import Member
from chat.rooms import Refused
from chat.transports import common

SESSION_ENDED = 401

STATUSES = {
    "bad_frame": 400,
    "unknown_type": 400,
    "forbidden": 403,
    "not_found": 404,
    "cid_conflict": 409,
    "gone": 410,
    "too_long": 413,
    "rate_limited": 429,
    "internal": 503,
}


class NotYou(Refused):
    """The page speaks for somebody whose session has ended."""

    def __init__(self) -> None:
        super().__init__("forbidden", "Your session has ended.")


async def member_of(request: HttpRequest) -> Member:
    """Who asks. Without a session, a guest of their own. Refused while the database is away."""
    try:
        user: Any = await request.auser()
    except DatabaseError:
        raise rooms.unavailable() from None
    member = (await common.admit(user, request.COOKIES, request.GET.get("name")))[0]
    if not speaks_for(member, request.GET.get("as")):
        raise NotYou
    return member


def speaks_for(member: Member, key: str | None) -> bool:
    """Whether a member is still the one by whose key a page knows its person: somebody may have
    logged in or out in another tab, and must not say what the other has written. A guest whose
    cookie is not kept is another one with each request."""
    return key is None or key == member.key or (member.guest and key.startswith("g-"))


def number(request: HttpRequest, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query. Refused if it is none, or out of range."""
    text = request.GET.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 17 and least <= int(text) <= most):
        raise Refused("bad_frame", f"{name} is a whole number from {least} to {most}.")
    return int(text)


def answer(body: str, status: int = 200) -> HttpResponse:
    """A response of JSON."""
    return HttpResponse(body, status=status, content_type="application/json")


def refusal(refused: Refused, cid: str | None = None, room: str | None = None) -> HttpResponse:
    """The same `error` that a socket sends, with the status that says as much."""
    status = SESSION_ENDED if isinstance(refused, NotYou) else STATUSES[refused.code]
    response = answer(common.refusal(refused, cid, room), status)
    if refused.retry_after_ms:
        response.headers["Retry-After"] = str(-(-refused.retry_after_ms // 1000))
    return response
