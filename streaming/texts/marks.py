"""The mark of a revision: the part of a text cursor that cannot be guessed.

A client that knows the mark has read this revision. So no other client can read an old wording.
After a restore of the database, a revision with the same number and another body has another
mark, so its text does not continue the old one.
"""

from base64 import urlsafe_b64encode

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

SALT = "streaming.texts.marks"
# 64 bits: as short as is safe, because every event contains the mark.
MARK_BYTES = 8


def valid_marks(slug: str, revision: int, body: str) -> tuple[str, ...]:
    """The marks that a cursor of this revision may have. The first is that of SECRET_KEY, which new
    cursors get; the others are those of SECRET_KEY_FALLBACKS."""
    # A slug has no colon, so two revisions never have the same value.
    value = f"{slug}:{revision}:{body}".encode()
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return tuple(_mark(value, key) for key in keys)


def is_valid(mark: str, marks: tuple[str, ...]) -> bool:
    """Whether a mark is one of `marks`."""
    return any(constant_time_compare(mark, valid) for valid in marks)


def _mark(value: bytes, key: str) -> str:
    digest = salted_hmac(SALT, value, secret=key, algorithm="sha256").digest()
    return urlsafe_b64encode(digest[:MARK_BYTES]).rstrip(b"=").decode()
