"""Whether a run kept the promises: lists against the log. Every function gives the differences;
none is what it should give."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.clients.folding import folded, lasting, told

Entry = dict[str, Any]


def of_log(log: Sequence[Entry], sent: Mapping[str, float], acks: Mapping[str, int]):
    """The log is dense, and has what was acknowledged, once and in its place, and nothing that
    was not sent."""
    if [entry["seq"] for entry in log] != list(range(1, len(log) + 1)):
        yield "the log has a hole"
    stands = {entry["cid"]: entry["seq"] for entry in log}
    times = Counter(entry["cid"] for entry in log)
    yield from (f"{cid} is in the log {n} times" for cid, n in times.items() if n > 1)
    yield from (f"{cid} is in the log and was never sent" for cid in stands if cid not in sent)
    for cid, seq in acks.items():
        if stands.get(cid) != seq:
            yield f"{cid} was acknowledged as {seq} and is in the log as {stands.get(cid)}"


def of_list(had: Sequence[Entry], log: Sequence[Entry]) -> Iterator[str]:
    """A reader with a cursor has the whole log, each entry once and in order; and what it
    shows is what somebody sees who comes only now."""
    for place, (entry, logged) in enumerate(zip(had, log, strict=False), start=1):
        if lasting(entry) != lasting(logged):
            yield f"entry {place} is {lasting(entry)}, and in the log {lasting(logged)}"
            return
    if len(had) != len(log):
        yield f"{len(had)} entries, and in the log {len(log)}"
        return
    rows, fresh = folded(had), told(log)
    for seq, row in rows.items():
        if row != fresh[seq]:
            yield f"it shows {row}, and somebody new {fresh[seq]}"
            return


@dataclass
class Visit:
    """What a plain-text socket was told between its opening and its end: the cids, in order."""

    opened: float  # on the monotonic clock
    cids: list[str] = field(default_factory=list)


def of_visit(
    visit: Visit, log: Sequence[Entry], sent: Mapping[str, float], *, last: bool
) -> Iterator[str]:
    """The plain-text socket has no cursor, and promises for the time of one connection alone:
    what is said is told once and in order, with nothing missing from the first to the last line,
    nor of what was first sent after it was open. What is deleted may be left out. The last
    visit was open until everybody had everything, so it had the log to its end."""
    says = {entry["cid"]: entry for entry in log if entry["kind"] == "say"}
    unknown = [cid for cid in visit.cids if cid not in says]
    if unknown:
        yield f"{unknown[0]} was told, and is not in the log"
        return
    told = [says[cid]["seq"] for cid in visit.cids]
    if told != sorted(set(told)):
        yield f"told twice or out of order: {told}"
        return
    heard = set(visit.cids)
    first = told[0] if told else len(log) + 1
    end = len(log) if last else told[-1] if told else 0
    for cid, entry in says.items():
        due = entry["seq"] > first or sent.get(cid, 0.0) > visit.opened
        if due and entry["seq"] <= end and not entry.get("deleted") and cid not in heard:
            yield f"{cid} ({entry['seq']}) was not told, though {first} to {end} were"
            return
