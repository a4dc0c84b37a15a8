"""Replaces the log of a room in the database, as a restored copy does. The worker is not told."""

from channels.db import database_sync_to_async
from django.db import transaction

from chat.log import store
from chat.models import Entry, Room
from tests.chat.log.test_store import draft


@database_sync_to_async
def replace_log(room, kept, new=0):
    """Puts an older copy in place of the log: with its first `kept` entries, and with `new` ones
    that were written to the copy since."""
    with transaction.atomic():
        Entry.objects.filter(room=room, seq__gt=kept).delete()
        mark = Entry.objects.filter(room=room, seq=kept).values_list("mark", flat=True).first()
        Room.objects.filter(pk=room.pk).update(head=kept, mark=mark or 0)
        if new:
            store.write([draft(room, f"new-{n}", f"new {n}") for n in range(new)])
