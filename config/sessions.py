"""Sessions in the database, as Django keeps them; whoever is connected by one that ends is told."""

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import db

from realtime.revocation import session_subject
from realtime.revoke import revoke_on_commit


class SessionStore(db.SessionStore):
    """One session. Logging out, flushing and taking a new key all delete the old one; Django's
    signal of a logout comes before that, when whoever looks would still find it."""

    def delete(self, session_key: str | None = None) -> None:
        """Ends it, and then dismisses its connections."""
        key = session_key or self.session_key
        super().delete(session_key)
        if key:
            revoke_on_commit(session_subject(key))

    async def adelete(self, session_key: str | None = None) -> None:
        """As `delete`."""
        await sync_to_async(self.delete)(session_key)
