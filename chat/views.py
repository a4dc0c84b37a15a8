"""The pages of the rooms, and the name of a guest."""

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
from chat.rooms import Refused


@require_safe
def room_list(request: HttpRequest) -> HttpResponse:
    """The rooms that this person may enter."""
    member = member_of(request)
    context = {"rooms": rooms.listed(member), "member": member}
    return remember(request, member, render(request, "chat/rooms.html", context))


@require_safe
@ensure_csrf_cookie
def room(request: HttpRequest, slug: str) -> HttpResponse:
    """One room."""
    member = member_of(request)
    try:
        found = async_to_sync(rooms.enter)(slug, member)
        moderator = async_to_sync(rooms.is_moderator)(member)
    except Refused as refused:
        if refused.code == "forbidden":
            # Not raised: Django would log an everyday event with a traceback.
            return render(request, "403.html", status=403)
        raise Http404(_("There is no such room.")) from None
    limits = {"body": settings.CHAT_BODY_GRAPHEMES, "frame": settings.CHAT_FRAME_BYTES}
    context = {"room": found, "member": member, "moderator": moderator, "limits": limits}
    return remember(request, member, render(request, "chat/room.html", context))


@require_POST
def me(request: HttpRequest) -> HttpResponse:
    """Gives a guest the name that they ask for."""
    member = member_of(request)
    if not member.guest:
        return _refusal(403, "forbidden", _("Your name is that of your account."))
    try:
        name = async_to_sync(names.checked_name)(request.POST.get("name", ""), member.key)
    except BadName as reason:
        return _refusal(400, "bad_name", str(reason))
    member = Member(member.key, name, guest=True)
    return remember(request, member, JsonResponse(member.public()))


def member_of(request: HttpRequest) -> Member:
    """Who asks: a user, the guest of the cookie, or a new guest."""
    if request.user.is_authenticated:
        return members.user_member(request.user)
    return members.guest_of(request.COOKIES) or members.new_guest()


def remember(request: HttpRequest, member: Member, response: HttpResponse) -> HttpResponse:
    """The response, with the cookie by which a guest is known again."""
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


def _refusal(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"type": "error", "code": code, "message": message}, status=status)
