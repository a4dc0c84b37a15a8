"""The results of a run as a table of text."""

from tests.stress.run import Run
from tests.stress.schedule import DROP_READER, DROP_WRITER, KILL_WORKER, PAUSE_REDIS, RESTART_REDIS

FAULTS = (RESTART_REDIS, PAUSE_REDIS, KILL_WORKER, DROP_READER, DROP_WRITER)
COUNTED = ("acks", "acks of a duplicate", "retries", "answers internal", "no answer in time")
READ_COUNTS = ("deliveries", "reconnects", "resets")


def table(run: Run) -> str:
    """One line for each number."""
    counts, record = run.record.counts, run.record
    rows = [(kind, counts[kind]) for kind in FAULTS]
    rows += [("entries in the log", len(run.log)), ("commands sent", len(record.sent))]
    rows += [(name, counts[name]) for name in (*COUNTED, *READ_COUNTS)]
    name = "reads without an answer"
    rows += [("reads right after an ack", len(record.reads)), (name, counts[name])]
    rows += [(f"lists compared: {transport}", lists) for transport, lists in run.compared.items()]
    rows += [("longest catch-up after a loss, s", f"{record.longest_catch_up:.1f}")]
    rows += [("differences", len(run.differences))]
    return "\n".join(f"{name:<40}{number:>10}" for name, number in rows)
