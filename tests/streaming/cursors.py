"""Cursors of texts, as the server gives them."""

from realtime.sse import Cursor
from streaming.texts import marks


def cursor_of(revision, offset):
    """The cursor of a reader that has received `offset` characters of a revision."""
    mark = marks.valid_marks(revision.text.slug, revision.pk, revision.body)[0]
    return str(Cursor(revision.pk, offset, mark))
