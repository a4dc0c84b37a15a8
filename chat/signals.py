"""Notices when a right is taken away, and dismisses those who had it. What changes rows without a
signal, such as `QuerySet.update`, is found by the checks."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models.signals import m2m_changed, post_delete, post_save

from chat.identity.members import user_key
from chat.models import Room
from realtime.revocation import ROOMS, member_subject
from realtime.revoke import revoke_on_commit

# What of a user decides whether they are let in, and where.
RIGHTS = {"is_active", "is_staff", "is_superuser", "password"}
# What of a room decides who may read it, and what.
OPENNESS = {"is_public", "slug", "epoch"}


def connect() -> None:
    """Connects every receiver of this module. Called once, by `ChatConfig.ready`."""
    post_save.connect(user_saved, sender=settings.AUTH_USER_MODEL)
    post_delete.connect(user_deleted, sender=settings.AUTH_USER_MODEL)
    post_save.connect(room_saved, sender=Room)
    post_delete.connect(room_deleted, sender=Room)
    m2m_changed.connect(members_changed, sender=Room.members.through)


def user_saved(
    instance: Any, created: bool, update_fields: Iterable[str] | None = None, **_: Any
) -> None:
    """A password or a right may be another; the time of the last login is none."""
    if not created and concerns(RIGHTS, update_fields):
        revoke_on_commit(_key(instance.pk))


def user_deleted(instance: Any, **_: Any) -> None:
    """There is nobody any more."""
    revoke_on_commit(_key(instance.pk))


def room_saved(
    instance: Room, created: bool, update_fields: Iterable[str] | None = None, **_: Any
) -> None:
    """A room may have been closed to the public."""
    if not created and concerns(OPENNESS, update_fields):
        revoke_on_commit(ROOMS)


def room_deleted(**_: Any) -> None:
    """A room is gone."""
    revoke_on_commit(ROOMS)


def members_changed(
    instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any
) -> None:
    """Somebody was put out of a room, or all of them; from the side of the room or of the user."""
    if action == "post_remove" and pk_set:
        revoke_on_commit(*map(_key, [instance.pk] if reverse else pk_set))
    elif action == "pre_clear":  # while it is known who they are
        gone = [instance.pk] if reverse else instance.members.values_list("pk", flat=True)
        revoke_on_commit(*map(_key, gone))


def concerns(fields: set[str], update_fields: Iterable[str] | None) -> bool:
    """Whether a save that writes `update_fields`, or all, may change one of `fields`."""
    return update_fields is None or not fields.isdisjoint(update_fields)


def _key(user: int) -> str:
    return member_subject(user_key(user))
