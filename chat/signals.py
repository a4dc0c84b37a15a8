"""Signal receivers that revoke connections when a user loses a right. Changes without a signal,
such as `QuerySet.update`, are found by the periodic access checks."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models.signals import m2m_changed, post_delete, post_save

from chat.identity.members import user_key
from chat.models import Room
from realtime.revocation import ROOMS, member_subject
from realtime.revoke import revoke_on_commit

# The fields of a user that decide which rooms they may enter.
RIGHTS = {"is_active", "is_staff", "is_superuser", "password"}
# The fields of a room that decide who may read it.
ACCESS = {"is_public", "slug"}


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
    """Revokes a user's connections if the save may have changed the password or a right."""
    if not created and may_change(RIGHTS, update_fields):
        revoke_on_commit(_key(instance.pk))


def user_deleted(instance: Any, **_: Any) -> None:
    """Revokes the connections of a deleted user."""
    revoke_on_commit(_key(instance.pk))


def room_saved(
    instance: Room, created: bool, update_fields: Iterable[str] | None = None, **_: Any
) -> None:
    """Lets every worker check its rooms if the save may have closed this one."""
    if not created and may_change(ACCESS, update_fields):
        revoke_on_commit(ROOMS)


def room_deleted(**_: Any) -> None:
    """Lets every worker check its rooms."""
    revoke_on_commit(ROOMS)


def members_changed(
    instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any
) -> None:
    """Revokes the connections of users who were removed from a room. `instance` is the room, or
    with `reverse` the user."""
    if action == "post_remove" and pk_set:
        revoke_on_commit(*map(_key, [instance.pk] if reverse else pk_set))
    elif action == "pre_clear":  # `post_clear` comes too late to know the users
        gone = [instance.pk] if reverse else instance.members.values_list("pk", flat=True)
        revoke_on_commit(*map(_key, gone))


def may_change(fields: set[str], update_fields: Iterable[str] | None) -> bool:
    """Whether a save may change one of `fields`; `update_fields` is None if it writes all."""
    return update_fields is None or not fields.isdisjoint(update_fields)


def _key(user: int) -> str:
    return member_subject(user_key(user))
