"""What appends to the logs: the one way from a draft to an entry."""

from chat import log
from chat.commit import GroupCommit
from chat.log import Draft, Receipt
from chat.loops import PerLoop


def _appender() -> GroupCommit[Draft, Receipt]:
    return GroupCommit(lambda drafts: log.write(drafts))


appender = PerLoop(_appender)
