"""Appends drafts to the logs of rooms. Nothing else writes entries."""

from collections.abc import Sequence
from time import perf_counter

from chat.log import store
from chat.log.store import Appended, Draft
from realtime.counters import Counters
from realtime.log.group_commit import GroupCommit
from realtime.log.store import Written
from realtime.tasks import Tasks

EntryWriter = GroupCommit[Draft, Appended]


def entry_writer(tasks: Tasks, counters: Counters) -> EntryWriter:
    """The group commit of drafts. It counts what it writes."""

    def write(drafts: Sequence[Draft]) -> Written[Appended]:
        started_at = perf_counter()
        written = store.write(drafts)
        counters.transaction_seconds.add(perf_counter() - started_at)
        counters.batches.add(len(drafts))
        counters.appended += sum(len(span.encoded) for span in written.spans)
        return written

    return GroupCommit(write, tasks)
