"""The pages of the rooms, and the endpoint for the name of a guest."""

from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from chat import rooms
from chat.identity import members, names
from chat.identity.members import BadName, Member
from realtime.error_response import error_response
from realtime.errors import Refused


@require_safe
def room_list(request: HttpRequest) -> HttpResponse:
    """The page that lists the rooms this member may enter."""
    member = member_of(request)
    context = {"rooms": rooms.listed(member), "member": member}
    return set_guest_cookie(request, member, render(request, "chat/rooms.html", context))


@require_safe
@ensure_csrf_cookie
def room(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of one room."""
    member = member_of(request)
    try:
        found = async_to_sync(rooms.enter)(slug, member)
        moderator = async_to_sync(rooms.is_moderator)(member)
    except Refused as refused:
        if refused.code == "forbidden":
            # Not raised: Django would log a traceback.
            return render(request, "403.html", status=403)
        raise Http404(_("There is no such room.")) from None
    limits = {"body": settings.CHAT_BODY_GRAPHEMES, "frame": settings.CHAT_FRAME_BYTES}
    context = {"room": found, "member": member, "moderator": moderator, "limits": limits}
    return set_guest_cookie(request, member, render(request, "chat/room.html", context))


@require_POST
def me(request: HttpRequest) -> HttpResponse:
    """Gives a guest the name in the form. 400 `bad_name` if the guest may not have it."""
    member = member_of(request)
    if not member.guest:
        return error_response(Refused("forbidden", _("Your name is that of your account.")))
    try:
        name = async_to_sync(names.available_name)(request.POST.get("name", ""), member.key)
    except BadName as reason:
        return error_response(Refused("bad_name", str(reason)))
    member = Member(member.key, name, guest=True)
    return set_guest_cookie(request, member, JsonResponse(member.public()))


def member_of(request: HttpRequest) -> Member:
    """The member of a request: its user, the guest in its cookie, or a new guest."""
    if request.user.is_authenticated:
        return members.user_member(request.user)
    return members.guest_of(request.COOKIES) or members.new_guest()


def set_guest_cookie(request: HttpRequest, member: Member, response: HttpResponse) -> HttpResponse:
    """Adds the cookie that identifies the guest in later requests, if it is new or changed."""
    if member.guest and members.guest_of(request.COOKIES) != member:
        response.set_cookie(
            members.GUEST_COOKIE,
            members.guest_cookie(member),
            max_age=members.GUEST_COOKIE_AGE,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return response
