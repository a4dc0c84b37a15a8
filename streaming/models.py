"""Texts and their revisions."""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from realtime.sse import LINE_END

BODY_BYTES = 1_000_000
REVISIONS_KEPT = 20
INTERVAL_MS = (1, 10_000)

# The first two are the stream's own events; the others are fired by EventSource itself,
# and a listener could not tell them apart.
RESERVED_EVENT_NAMES = {"meta", "done", "open", "error"}


def body_fits(body: str) -> None:
    """ValidationError for a body that is too large or that a database cannot hold."""
    size = len(body.encode())
    if size > BODY_BYTES:
        raise ValidationError(
            _("The text has %(size)s bytes in UTF-8; at most %(most)s are possible."),
            params={"size": f"{size:,}", "most": f"{BODY_BYTES:,}"},
        )
    if "\0" in body:
        raise ValidationError(_("The text has a NUL character."))


def event_name_is_free(name: str) -> None:
    """ValidationError for a name that the stream or EventSource uses itself."""
    if name in RESERVED_EVENT_NAMES:
        raise ValidationError(_("“%(name)s” has a meaning of its own."), params={"name": name})


class StreamText(models.Model):
    """A text that is streamed, as it is now."""

    slug = models.SlugField(
        unique=True,
        help_text=_(
            "Names the text in addresses, as /stream/?text=hello. Latin letters, digits, - and _."
        ),
    )
    title = models.CharField(max_length=200)
    body = models.TextField(
        blank=True,
        validators=[body_fits],
        help_text=_("Streamed one character after another; up to 1 MB."),
    )
    event_name = models.CharField(
        max_length=64,
        default="message",
        validators=[
            RegexValidator(r"\A[^\r\n\0]+\Z", _("An event name is one line without NUL.")),
            event_name_is_free,
        ],
        help_text=_("What a page listens for: <code>addEventListener(name, …)</code>."),
    )
    interval_ms = models.PositiveIntegerField(
        _("interval"),
        default=300,
        validators=[MinValueValidator(INTERVAL_MS[0]), MaxValueValidator(INTERVAL_MS[1])],
        help_text=_("Milliseconds from one character to the next, 1 to 10,000."),
    )
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Streamed where no text is named.")
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
        """Leaves out that there is one default: `save` takes the part from the old one."""
        super().validate_constraints({*(exclude or ()), "is_default"})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves, and keeps a changed body as a new revision."""
        self.body = LINE_END.sub("\n", self.body)
        with transaction.atomic():
            if self.is_default:
                StreamText.objects.filter(is_default=True).exclude(pk=self.pk).update(
                    is_default=False
                )
            super().save(*args, **kwargs)
            self._keep_revision()

    def _keep_revision(self) -> None:
        newest = self.revisions.first()
        if newest is None or newest.body != self.body:
            self.revisions.create(body=self.body)
            kept = self.revisions.values("pk")[:REVISIONS_KEPT]
            self.revisions.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()


class Revision(models.Model):
    """One immutable version of a body. Its id is unique over all texts, so that a cursor
    still finds it when another text has become the default."""

    text = models.ForeignKey(StreamText, models.CASCADE, related_name="revisions")
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("revision")

    def __str__(self) -> str:
        return f"{self.text} · {self.pk}"
