"""What the HTTP transports share: who the client is, numbers in the query, JSON responses."""

from typing import Any

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from chat.identity.members import Member
from chat.transports import common
from realtime.errors import Refused, unavailable


async def member_of(request: HttpRequest) -> Member:
    """The member who sends the request. Raises Refused: `session_ended` if the page expects
    another member (`?as=<key>`), or `internal` while the database is away."""
    try:
        user: Any = await request.auser()
    except DatabaseError:
        raise unavailable() from None
    member, _ = await common.identify(user, request.COOKIES, request.GET.get("name"))
    if not is_same_person(member, request.GET.get("as")):
        raise Refused("session_ended")
    return member


def is_same_person(member: Member, key: str | None) -> bool:
    """Whether the member is the one whose key the page sends: the person may have logged in or out
    in another tab, and must not send what the other has written. Any guest key matches any guest:
    without a cookie each request comes from a new one."""
    return key is None or key == member.key or (member.guest and key.startswith("g-"))


def number(request: HttpRequest, name: str, *, default: int, least: int, most: int) -> int:
    """An integer of the query; `default` if it is missing. Raises Refused if it is not a number
    from `least` to `most`."""
    text = request.GET.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 17 and least <= int(text) <= most):
        raise Refused("bad_frame", f"{name} is a whole number from {least} to {most}.")
    return int(text)


def json_response(body: str) -> HttpResponse:
    """A response with encoded JSON."""
    return HttpResponse(body, content_type="application/json")
