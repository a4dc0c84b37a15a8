"""Who speaks: a user who logged in, or a guest with a name of their own."""

import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.core import signing
from django.db.models import Q
from django.utils.translation import gettext as _

from chat.models import NAME_CODE_POINTS
from realtime import graphemes

GUEST_COOKIE = "guest"
GUEST_COOKIE_AGE = 365 * 24 * 3600  # seconds

NAME_GRAPHEMES = 32
# Joiners are controls to Unicode, but emoji and Indic scripts need them.
JOINERS = "\u200c\u200d"
# With these alone, a name is not to be seen: fillers of Hangul, and empty Braille.
BLANK = JOINERS + "\u115f\u1160\u3164\uffa0\u2800 "
# Controls, formats (which turn text around or hide in it), halves of surrogate pairs, code
# points of private meaning or of none, and separators that begin a line.
REFUSED_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class BadName(ValueError):
    """A name that cannot be had. The text says why."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a room, as others see them. `key` stays when the name changes."""

    key: str
    name: str
    guest: bool

    @property
    def user_id(self) -> int | None:
        """The row of a user; None for a guest."""
        return None if self.guest else int(self.key.removeprefix("u-"))

    def public(self) -> dict[str, Any]:
        """What every reader may know."""
        return {"key": self.key, "name": self.name, "guest": self.guest}


def user_member(user: Any) -> Member:
    """The member that a logged-in user is."""
    return Member(user_key(user.pk), user.get_username(), guest=False)


def user_key(pk: int) -> str:
    """The key of the member that the user of this row is."""
    return f"u-{pk}"


def new_guest(name: str | None = None) -> Member:
    """A guest that nobody has been before."""
    key = f"g-{secrets.token_hex(8)}"
    return Member(key, name or default_name(key), guest=True)


def default_name(key: str) -> str:
    """What a guest is called who has not said a name."""
    return f"guest-{key[-4:]}"


# ---- The signed cookie that keeps a guest --------------------------------------------


def guest_cookie(member: Member) -> str:
    """The value by which `guest_of` knows this guest again."""
    return signing.dumps([member.key, member.name], salt=GUEST_COOKIE, compress=False)


def guest_of(cookies: Mapping[str, str]) -> Member | None:
    """The guest whose cookie this is; None if there is none, or if we did not sign it."""
    try:
        key, name = signing.loads(
            cookies.get(GUEST_COOKIE, ""), salt=GUEST_COOKIE, max_age=GUEST_COOKIE_AGE
        )
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Member(key, name, guest=True)


def can_return(member: Member, cookies: Mapping[str, str]) -> bool:
    """Whether this member will be known again: without the cookie, the next guest is another."""
    return not member.guest or guest_of(cookies) is not None


# ---- Names ---------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """The name in its one spelling. BadName if it is none."""
    if len(name) > NAME_CODE_POINTS or graphemes.count(name) > NAME_GRAPHEMES:
        raise BadName(_("A name has at most %d characters.") % NAME_GRAPHEMES)
    if any(unicodedata.category(c) in REFUSED_CATEGORIES and c not in JOINERS for c in name):
        raise BadName(_("A name has no control characters."))
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name.strip(BLANK):
        raise BadName(_("A name has at least one character."))
    if ":" in name or name.startswith("!"):
        # On the plain-text socket these end a name, and begin an error.
        raise BadName(_("A name has no colon, and no exclamation mark at its beginning."))
    return name


def taken(name: str) -> str:
    """The sentence for a name that somebody else has."""
    return _("The name %s is taken.") % name


def folded(name: str) -> str:
    """What names have in common that look alike enough to be taken for one person's."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in plain if c not in JOINERS and not c.isspace())


def is_users_name(name: str) -> bool:
    """Whether a user exists under this name. Reads the database."""
    users = get_user_model()
    alike = Q(**{f"{users.USERNAME_FIELD}__iexact": name})
    alike |= Q(**{f"{users.USERNAME_FIELD}__iexact": folded(name)})
    return users._default_manager.filter(alike).exists()
