"""What appends to the logs: the one way from a draft to an entry."""

from collections.abc import Sequence

from chat.log import store
from chat.log.store import Draft, Receipt, Written
from realtime.counters import figures
from realtime.log.group_commit import GroupCommit
from realtime.tasks import PerLoop


def _write(drafts: Sequence[Draft]) -> Written[Receipt]:
    written = store.write(drafts)
    figures.batches.add(len(drafts))
    figures.appended += sum(len(span.encoded) for span in written.spans)
    return written


def _appender() -> GroupCommit[Draft, Receipt]:
    return GroupCommit(_write)


appender = PerLoop(_appender)
