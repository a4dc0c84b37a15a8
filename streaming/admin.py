"""The admin of texts and their revisions."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Left, Length
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from realtime import graphemes
from realtime.sse import LINE_END
from streaming.models import Revision, StreamText


class StreamTextForm(forms.ModelForm):  # type: ignore[type-arg]
    # strip=False: a text may begin with a space or end with a line feed.
    body = StreamText._meta.get_field("body").formfield(
        strip=False, widget=forms.Textarea(attrs={"rows": 20, "class": "vLargeTextField"})
    )

    class Meta:
        model = StreamText
        fields = ["title", "slug", "body", "event_name", "interval_ms", "is_default"]

    def clean_body(self) -> str:
        """Replaces CRLF, which forms send, with LF. CRLF would count as two bytes."""
        return LINE_END.sub("\n", self.cleaned_data["body"])

    def clean_is_default(self) -> bool:
        """Refuses to clear the flag: without a default text, `/api/sse` has nothing to stream."""
        is_default: bool = self.cleaned_data["is_default"]
        if "is_default" in self.changed_data and not is_default:
            raise forms.ValidationError(_("Make another text the default instead."))
        return is_default


class ReadOnlyMixin:
    """For an admin whose objects can only be viewed."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RevisionInline(ReadOnlyMixin, admin.TabularInline):  # type: ignore[type-arg]
    """The stored revisions of a text."""

    model = Revision
    fields = ("number", "created_at", "beginning", "size")
    readonly_fields = fields
    extra = 0
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revision]:
        """The revisions without their bodies: twenty bodies may have 20 MB."""
        revisions: QuerySet[Revision] = super().get_queryset(request).defer("body")
        return revisions.annotate(start=Left("body", 120), length=Length("body"))

    @admin.display(description=_("revision"))
    def number(self, revision: Revision) -> int | None:
        return revision.pk

    @admin.display(description=_("beginning"))
    def beginning(self, revision: Any) -> str:
        return "".join(graphemes.split(revision.start)[:60])

    @admin.display(description=_("code points"))
    def size(self, revision: Any) -> int:
        return int(revision.length)


@admin.register(Revision)
class RevisionAdmin(ReadOnlyMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """One revision with its body. Linked from the page of its text."""

    fields = ("text", "created_at", "body")
    readonly_fields = fields

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(StreamText)
class StreamTextAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = StreamTextForm
    list_display = ["title", "slug", "event_name", "interval_ms", "is_default", "preview"]
    search_fields = ["title", "slug"]
    prepopulated_fields = {"slug": ["title"]}
    readonly_fields = ["preview"]
    inlines = [RevisionInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StreamText]:
        """The texts without their bodies, which may have 1 MB each."""
        return super().get_queryset(request).defer("body")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What a deletion deletes. Django would list the revisions and refuse: the admin has no
        permission to delete a revision."""
        texts = [str(text) for text in objs]
        return texts, {StreamText._meta.verbose_name_plural: len(texts)}, set(), []

    @admin.display(description=_("preview"))
    def preview(self, text: StreamText) -> SafeString | str:
        if text.pk is None:
            return _("After saving.")
        link = '<a href="{}" target="_blank">{}</a>'
        return format_html(link, text.get_absolute_url(), _("Watch it stream"))
