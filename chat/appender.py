"""What appends to the logs: the one way from a draft to an entry."""

from collections.abc import Sequence

from chat import log
from chat.commit import GroupCommit
from chat.figures import figures
from chat.log import Draft, Receipt, Written
from chat.loops import PerLoop


def _write(drafts: Sequence[Draft]) -> Written[Receipt]:
    written = log.write(drafts)
    figures.batches.add(len(drafts))
    figures.appended += sum(len(span.encoded) for span in written.spans)
    return written


def _appender() -> GroupCommit[Draft, Receipt]:
    return GroupCommit(_write)


appender = PerLoop(_appender)
