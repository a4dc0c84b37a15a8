"""Rooms and entries in the admin."""

from typing import Any
from uuid import uuid4

from asgiref.sync import async_to_sync
from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from chat import rooms
from chat.identity import members
from chat.models import Entry, Room
from realtime.errors import Refused


@admin.register(Room)
class RoomAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "slug", "is_public", "head"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fields = [
        *("name", "slug", "topic", "is_public", "members", "retention_days"),
        *("head", "epoch"),
    ]
    readonly_fields = ["head", "epoch"]
    filter_horizontal = ["members"]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Names the rooms and the number of entries. Django's own would list every entry, and
        refuse because single entries cannot be deleted."""
        rooms = [f"{room}: {_('entries')} {first_seq(room)}–{room.head}" for room in objs]
        return rooms, {Room._meta.verbose_name_plural: len(rooms)}, set(), []


def first_seq(room: Room) -> int:
    """The seq of the oldest entry of a room; 1 if it has none."""
    return room.entries.order_by("seq").values_list("seq", flat=True).first() or 1


class EntryForm(forms.ModelForm):  # type: ignore[type-arg]
    """Checks the body of a message by the same rules as the rooms do."""

    def clean_body(self) -> str:
        try:
            return rooms.checked_body(self.cleaned_data["body"])
        except Refused as refused:
            raise forms.ValidationError(refused.message) from None


@admin.register(Entry)
class EntryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The log. Changes made here are written as `edit` and `delete` entries, as from any client."""

    form = EntryForm
    fields = ["room", "seq", "kind", "author_name", "at", "body", "edited_at", "deleted"]
    readonly_fields = ["room", "seq", "kind", "author_name", "at", "edited_at", "deleted"]
    list_display = ["beginning", "author_name", "room", "seq", "kind", "at", "deleted"]
    list_filter = ["room", "kind", "deleted"]
    list_select_related = ["room"]
    search_fields = ["author_name", "body"]
    ordering = ["-pk"]
    actions = ["delete_through_log"]

    @admin.display(description=_("message"))
    def beginning(self, entry: Entry) -> str:
        return Truncator(entry.body).chars(80) or "—"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        fixed = obj is not None and (obj.kind != Entry.Kind.SAY or obj.deleted)
        return not fixed and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Entry, form: Any, change: bool) -> None:
        """Appends an `edit` entry, so that every reader receives the change."""
        # After the commit: the log's writer thread needs a lock that this transaction may have.
        transaction.on_commit(lambda: self._edit(request, obj))

    def _edit(self, request: HttpRequest, entry: Entry) -> None:
        moderator = members.user_member(request.user)
        try:
            async_to_sync(rooms.edit)(entry.room, moderator, uuid4().hex, entry.seq, entry.body)
            self.message_user(request, _("The message was changed."), messages.SUCCESS)
        except Refused as refused:
            self.message_user(request, refused.message, messages.ERROR)

    def response_change(self, request: HttpRequest, obj: Entry) -> HttpResponse:
        """Without Django's own success message: `_edit` adds one when the log has answered."""
        return self.response_post_save_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A log has no holes. Deleting the whole room remains possible.
        return False

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("chat.delete_entry"))

    @admin.action(description=_("Delete the selected messages"), permissions=["moderate"])
    def delete_through_log(self, request: HttpRequest, queryset: QuerySet[Entry]) -> None:
        moderator = members.user_member(request.user)
        found = queryset.filter(kind=Entry.Kind.SAY, deleted=False).select_related("room")
        done = sum(self._delete(request, moderator, entry) for entry in found)
        said = ngettext("%d message was deleted.", "%d messages were deleted.", done) % done
        self.message_user(request, said, messages.SUCCESS if done else messages.WARNING)

    def _delete(self, request: HttpRequest, moderator: members.Member, entry: Entry) -> bool:
        try:
            async_to_sync(rooms.delete)(entry.room, moderator, uuid4().hex, entry.seq)
        except Refused as refused:
            self.message_user(request, refused.message, messages.ERROR)
            return False
        return True
