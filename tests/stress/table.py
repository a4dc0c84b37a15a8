"""What a run did and survived, as people read it."""

from tests.stress.run import Run
from tests.stress.schedule import DROP_READER, DROP_WRITER, HANG_REDIS, KILL_WORKER, RESTART_REDIS

DONE = (RESTART_REDIS, HANG_REDIS, KILL_WORKER, DROP_READER, DROP_WRITER)
COUNTED = ("acks", "acks of a duplicate", "retries", "answers internal", "no answer in time")
READ = ("deliveries", "reconnects", "resets")


def table(run: Run) -> str:
    """A line a number."""
    counts, book = run.book.counts, run.book
    rows = [(kind, counts[kind]) for kind in DONE]
    rows += [("entries in the log", len(run.log)), ("commands sent", len(book.sent))]
    rows += [(name, counts[name]) for name in (*COUNTED, *READ)]
    rows += [(f"lists compared: {tap}", lists) for tap, lists in run.compared.items()]
    rows += [("longest catch-up after a loss, s", f"{book.longest_catch_up:.1f}")]
    rows += [("differences", len(run.differences))]
    return "\n".join(f"{name:<40}{number:>10}" for name, number in rows)
