"""Stored texts and their revisions."""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from realtime.sse import LINE_END

MAX_BODY_BYTES = 1_000_000
MAX_REVISIONS = 20
INTERVAL_MS = (1, 10_000)

# The stream itself sends the first two. EventSource fires the other two, and a listener could not
# distinguish them from events of the stream.
RESERVED_EVENT_NAMES = {"meta", "done", "open", "error"}


def body_fits(body: str) -> None:
    """ValidationError if a body is too large or has a NUL, which PostgreSQL cannot store."""
    size = len(body.encode())
    if size > MAX_BODY_BYTES:
        raise ValidationError(
            _("The text has %(size)s bytes in UTF-8. The limit is %(most)s."),
            params={"size": f"{size:,}", "most": f"{MAX_BODY_BYTES:,}"},
        )
    if "\0" in body:
        raise ValidationError(_("The text has a NUL character."))


def event_name_is_free(name: str) -> None:
    """ValidationError if the stream or EventSource uses the name itself."""
    if name in RESERVED_EVENT_NAMES:
        raise ValidationError(_("“%(name)s” is reserved."), params={"name": name})


class StreamText(models.Model):
    """A text that can be streamed, in its current version."""

    slug = models.SlugField(
        unique=True,
        help_text=_(
            "The text's name in URLs, as in /stream/?text=hello. Latin letters, digits, - and _."
        ),
    )
    title = models.CharField(max_length=200)
    body = models.TextField(
        blank=True,
        validators=[body_fits],
        help_text=_("Streamed character by character. At most 1 MB."),
    )
    event_name = models.CharField(
        max_length=64,
        default="message",
        validators=[
            RegexValidator(r"\A[^\r\n\0]+\Z", _("An event name is one line without NUL.")),
            event_name_is_free,
        ],
        help_text=_("The event that a page listens for: <code>addEventListener(name, …)</code>."),
    )
    interval_ms = models.PositiveIntegerField(
        _("interval"),
        default=300,
        validators=[MinValueValidator(INTERVAL_MS[0]), MaxValueValidator(INTERVAL_MS[1])],
        help_text=_("Milliseconds from one character to the next, 1 to 10,000."),
    )
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Streamed when a request names no text.")
    )

    class Meta:
        ordering = ["-is_default", "title"]
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_text"
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{reverse('stream')}?text={self.slug}"

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """All constraints but that of one default text: `save` clears the flag of the old one."""
        super().validate_constraints({*(exclude or ()), "is_default"})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves the text. A changed body becomes a new revision."""
        self.body = LINE_END.sub("\n", self.body)
        with transaction.atomic():
            if self.is_default:
                StreamText.objects.filter(is_default=True).exclude(pk=self.pk).update(
                    is_default=False
                )
            super().save(*args, **kwargs)
            self._add_revision()

    def _add_revision(self) -> None:
        newest = self.revisions.first()
        if newest is None or newest.body != self.body:
            self.revisions.create(body=self.body)
            newest_keys = self.revisions.values_list("pk", flat=True)[:MAX_REVISIONS]
            self.revisions.exclude(pk__in=list(newest_keys)).delete()


class Revision(models.Model):
    """One immutable version of a body. Its id is unique among all texts, so a cursor finds it even
    if another text has become the default."""

    text = models.ForeignKey(StreamText, models.CASCADE, related_name="revisions")
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("revision")

    def __str__(self) -> str:
        return f"{self.text} · {self.pk}"
