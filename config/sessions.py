"""Django's database sessions. A session that ends revokes the connections that it authenticated."""

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import db

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
