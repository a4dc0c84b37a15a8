"""Rooms and the entries of their logs."""

import secrets
from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.columns import LogNumber, LogText, RandomMark, Today

# The longest name of a guest. Django limits the name of a user to 150.
NAME_CODE_POINTS = 256
KEY_LENGTH = 40


def new_epoch() -> str:
    """A random epoch: a room that is deleted and created again gets another one."""
    return secrets.token_hex(4)


Row = TypeVar("Row", bound=models.Model)


class RoomQuerySet(models.QuerySet[Row]):
    """Rooms."""

    def bulk_update(
        self, objs: Iterable[Row], fields: Iterable[str], batch_size: int | None = None
    ) -> int:
        """As Django's. Never changes the columns of the log: the instances may be old."""
        return super().bulk_update(objs, [*set(fields) - Room.LOG_COLUMNS], batch_size)


def today() -> date:
    """The date in UTC."""
    return timezone.now().date()


class Room(models.Model):
    """A room and the head of its log."""

    slug = models.SlugField(
        max_length=64,
        unique=True,
        help_text=_(
            "Names the room in addresses, as /chat/lobby/. Latin letters, digits, - and _."
        ),
    )
    name = models.CharField(max_length=80)
    topic = models.CharField(max_length=200, blank=True)
    is_public = models.BooleanField(
        _("public"), default=True, help_text=_("Guests may come in. Otherwise: members and staff.")
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="chat_rooms",
        help_text=_("Who may enter a room that is not public."),
    )
    epoch = LogText(max_length=16, default=new_epoch, editable=False)
    # The seq and the mark of the newest entry. Only chat.log and chat.housekeeping change them,
    # under this row's lock.
    head = LogNumber(default=0, editable=False)
    mark = LogNumber(default=0, db_default=0, editable=False)
    # How often entries were deleted or changed in their place. A worker that sees another number
    # reads the newest entries again.
    rewrites = LogNumber(default=0, db_default=0, editable=False)
    LOG_COLUMNS = frozenset({"epoch", "head", "mark", "rewrites"})

    retention_days = models.PositiveSmallIntegerField(
        _("retention in days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Entries older than this are deleted by manage.py tidy. Empty: none are."),
    )

    objects = models.Manager.from_queryset(RoomQuerySet)()

    # Not columns: chat.rooms sets them for the member who asked for the room.
    read_to: int = 0
    unread: int | None = None

    class Meta:
        ordering = ["name"]
        verbose_name = _("room")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("room", args=[self.slug])


class Entry(models.Model):
    """One durable event in a room's log. Only chat.log and chat.housekeeping write entries."""

    class Kind(models.TextChoices):
        SAY = "say", _("say")
        EDIT = "edit", _("edit")
        DELETE = "delete", _("delete")

    room = models.ForeignKey(Room, models.CASCADE, related_name="entries")
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    # Copies and not a foreign key: guests have no row, and the log outlives accounts.
    author_key = models.CharField(max_length=KEY_LENGTH)
    author_name = models.CharField(max_length=NAME_CODE_POINTS)
    at = models.DateTimeField()
    # The client's id of the command: the same author and cid again is a retry.
    cid = models.CharField(max_length=64)
    body = models.TextField(blank=True)
    ref = models.PositiveBigIntegerField(null=True, help_text=_("The entry that is changed."))
    reply_to = models.PositiveBigIntegerField(null=True)
    edited_at = models.DateTimeField(null=True)
    deleted = models.BooleanField(default=False)
    # Random bits: two logs that have the same mark at the same seq have the same past.
    mark = models.PositiveBigIntegerField(db_default=RandomMark(), editable=False)

    class Meta:
        ordering = ["room", "seq"]
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="one_entry_a_seq"),
            models.UniqueConstraint(fields=["author_key", "cid"], name="one_entry_a_cid"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="seq_from_one"),
        ]
        indexes = [
            # A delete empties the edits of its message. Without this it reads the whole room.
            models.Index(
                fields=["room", "ref"], condition=Q(ref__isnull=False), name="changes_of_an_entry"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room.slug} {self.seq}"


class ReadMark(models.Model):
    """How far a member has read in a room. Only chat.log.read_receipts writes these."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="read_marks")
    # A member's key and not a foreign key: guests have no row.
    reader_key = models.CharField(max_length=KEY_LENGTH)
    seq = models.PositiveBigIntegerField()
    # The day on which `seq` was stored.
    moved_on = models.DateField(default=today, db_default=Today())

    class Meta:
        verbose_name = _("read mark")
        constraints = [
            models.UniqueConstraint(fields=["room", "reader_key"], name="one_mark_a_reader"),
        ]

    def __str__(self) -> str:
        return f"{self.room.slug} {self.reader_key} {self.seq}"
