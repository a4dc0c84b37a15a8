"""Members: users who are logged in, and guests with a nickname."""

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
# Unicode counts the joiners among the format characters, but emoji and Indic scripts need them.
JOINERS = "\u200c\u200d"
# A name of these alone is invisible: joiners, Hangul fillers, the blank Braille pattern, spaces.
BLANK = JOINERS + "\u115f\u1160\u3164\uffa0\u2800 "
# Controls, format characters (some reverse or hide text), surrogates, private use, unassigned,
# line and paragraph separators.
REFUSED_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class BadName(ValueError):
    """A name that the guest may not have. The text is the reason, for the user."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a room, as others see them. `key` does not change when the name does."""

    key: str
    name: str
    guest: bool

    @property
    def user_id(self) -> int | None:
        """The primary key of the user; None for a guest."""
        return user_pk(self.key)

    def public(self) -> dict[str, Any]:
        """The fields that every reader of the room receives."""
        return {"key": self.key, "name": self.name, "guest": self.guest}


def user_member(user: Any) -> Member:
    """The member for a logged-in user."""
    return Member(user_key(user.pk), user.get_username(), guest=False)


def user_key(pk: int) -> str:
    """The member key for the user with this primary key."""
    return f"u-{pk}"


def user_pk(key: str) -> int | None:
    """The primary key of the user with this member key; None for a guest."""
    return int(key.removeprefix("u-")) if key.startswith("u-") else None


def new_guest(name: str | None = None) -> Member:
    """A guest with a new random key."""
    key = f"g-{secrets.token_hex(8)}"
    return Member(key, name or default_name(key), guest=True)


def default_name(key: str) -> str:
    """The name of a guest who has not chosen one."""
    return f"guest-{key[-4:]}"


# ---- The signed cookie of a guest ----------------------------------------------------


def guest_cookie(member: Member) -> str:
    """The cookie value from which `guest_of` restores this guest."""
    return signing.dumps([member.key, member.name], salt=GUEST_COOKIE, compress=False)


def guest_of(cookies: Mapping[str, str]) -> Member | None:
    """The guest in the cookie; None if it is missing, expired or has no valid signature."""
    try:
        key, name = signing.loads(
            cookies.get(GUEST_COOKIE, ""), salt=GUEST_COOKIE, max_age=GUEST_COOKIE_AGE
        )
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Member(key, name, guest=True)


def is_persistent(member: Member, cookies: Mapping[str, str]) -> bool:
    """Whether the next request can be from the same member: a guest needs the cookie for that."""
    return not member.guest or guest_of(cookies) is not None


# ---- Names ---------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """The name in NFC with single spaces. Raises BadName if it is not allowed."""
    if len(name) > NAME_CODE_POINTS or graphemes.count(name) > NAME_GRAPHEMES:
        raise BadName(_("A name has at most %d characters.") % NAME_GRAPHEMES)
    if any(unicodedata.category(c) in REFUSED_CATEGORIES and c not in JOINERS for c in name):
        raise BadName(_("A name has no control characters."))
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name.strip(BLANK):
        raise BadName(_("A name has at least one character."))
    if ":" in name or name.startswith("!"):
        # On the plain-text socket a colon ends the name, and "!" begins an error.
        raise BadName(_("A name has no colon, and no exclamation mark at its beginning."))
    return name


def taken_message(name: str) -> str:
    """The sentence for a name that another member has."""
    return _("The name %s is taken.") % name


def lookalike_key(name: str) -> str:
    """A key that is the same for names that look alike."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in plain if c not in JOINERS and not c.isspace())


def is_username(name: str) -> bool:
    """Whether a user has this name, or one that looks like it. Reads the database."""
    users = get_user_model()
    alike = Q(**{f"{users.USERNAME_FIELD}__iexact": name})
    alike |= Q(**{f"{users.USERNAME_FIELD}__iexact": lookalike_key(name)})
    return users._default_manager.filter(alike).exists()
