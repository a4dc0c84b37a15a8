"""Revokes rights from synchronous code: a view, a signal receiver, a management command."""

from functools import partial

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import transaction

from realtime import worker
from realtime.bus import WORKERS, ExternalPublisher
from realtime.log.database_instance import bus_prefix
from realtime.revocation import REVOKE

# For a process that is not a worker. It remembers when Redis failed last.
publisher = ExternalPublisher(bus_prefix)


def revoke_on_commit(*subjects: str) -> None:
    """Tells every worker that these subjects are revoked, after the transaction commits. Works in
    a thread of a worker and in any other process."""
    if subjects:
        transaction.on_commit(partial(async_to_sync(_revoke), subjects), robust=True)


async def _revoke(subjects: tuple[str, ...]) -> None:
    if running := worker.find():
        running.revocation.revoke(subjects)
    elif settings.REDIS_URL:
        await publisher.send(WORKERS, REVOKE, subjects=list(subjects))
