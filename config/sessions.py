"""Django's database sessions. A session that ends revokes the connections that it authenticated."""

from collections.abc import Callable

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import db
from django.utils import timezone

from chat.housekeeping.batches import ROWS, batch
from realtime.revocation import session_subject
from realtime.revoke import revoke_on_commit


class SessionStore(db.SessionStore):
    """One session. Logout, flush and a new key all delete the old session. Django's signal
    `user_logged_out` is sent before the deletion, so a connection that checks its session then
    would still find it."""

    def delete(self, session_key: str | None = None) -> None:
        """Deletes the session, and then revokes its connections."""
        key = session_key or self.session_key
        super().delete(session_key)
        if key:
            revoke_on_commit(session_subject(key))

    async def adelete(self, session_key: str | None = None) -> None:
        """Asynchronous `delete`."""
        await sync_to_async(self.delete)(session_key)


def delete_expired_sessions(progress: Callable[[int], None]) -> int:
    """Deletes the sessions that have expired. Returns how many."""
    total = 0
    expired = SessionStore.get_model_class().objects.filter(expire_date__lt=timezone.now())
    while keys := list(expired.values_list("pk", flat=True)[:ROWS]):
        with batch():
            expired.filter(pk__in=keys).delete()
        total += len(keys)
        progress(len(keys))
    return total
