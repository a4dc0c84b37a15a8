"""Compares what was sent and received in a run with the log. Each function yields a sentence for
each difference, and nothing if all is correct."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.clients.rows import client_rows, immutable_fields, server_rows

Entry = dict[str, Any]


def log_differences(log: Sequence[Entry], sent: Mapping[str, float], acks: Mapping[str, int]):
    """The log must be dense. It must have each acknowledged entry once, with the seq of its ack,
    and nothing that was not sent."""
    if [entry["seq"] for entry in log] != list(range(1, len(log) + 1)):
        yield "the log is not dense"
    logged = {entry["cid"]: entry["seq"] for entry in log}
    count_by_cid = Counter(entry["cid"] for entry in log)
    yield from (f"{cid} is in the log {n} times" for cid, n in count_by_cid.items() if n > 1)
    yield from (f"{cid} is in the log and was never sent" for cid in logged if cid not in sent)
    for cid, seq in acks.items():
        if logged.get(cid) != seq:
            yield f"{cid} was acknowledged as {seq} and is in the log as {logged.get(cid)}"


def entry_differences(had: Sequence[Entry], log: Sequence[Entry]) -> Iterator[str]:
    """A reader with a cursor must have the whole log, each entry once and in order. It must show
    the same messages as a client that connects now."""
    for place, (entry, logged) in enumerate(zip(had, log, strict=False), start=1):
        found, expected = immutable_fields(entry), immutable_fields(logged)
        if found != expected:
            yield f"entry {place} is {found}, and in the log {expected}"
            return
    if len(had) != len(log):
        yield f"{len(had)} entries, and in the log {len(log)}"
        return
    rows, fresh = client_rows(had), server_rows(log)
    for seq, row in rows.items():
        if row != fresh[seq]:
            yield f"it shows {row}, and a new client {fresh[seq]}"
            return


def order_differences(
    log: Sequence[Entry], sent: Mapping[str, float], acked: Mapping[str, float]
) -> Iterator[str]:
    """What was acknowledged before something else was sent must have the lower seq, over all
    writers. `sent` has the moment before the first attempt of a command, `acked` the one after its
    first ack, both on the same monotonic clock."""
    logged = {entry["cid"]: entry["seq"] for entry in log}
    earlier = sorted((moment, cid) for cid, moment in acked.items() if cid in logged)
    newest = (0, "")  # of everything acknowledged until now: seq and cid
    place = 0
    for moment, cid in sorted((moment, cid) for cid, moment in sent.items() if cid in logged):
        while place < len(earlier) and earlier[place][0] < moment:
            before = earlier[place][1]
            newest = max(newest, (logged[before], before))
            place += 1
        if newest[0] >= logged[cid]:
            yield (
                f"{newest[1]} ({newest[0]}) was acknowledged before {cid} ({logged[cid]}) was sent"
            )


@dataclass(frozen=True)
class AckRead:
    """What a worker that did not write an entry said right after its ack."""

    cid: str
    seq: int
    head: int  # of a client that reads the room for the first time
    found: Sequence[Entry]  # of the history before `seq` + 1


def read_differences(reads: Sequence[AckRead]) -> Iterator[str]:
    """Each read must find the entry, and a head that is not before it."""
    for read in reads:
        found = [(entry["seq"], entry["cid"]) for entry in read.found]
        if (read.seq, read.cid) not in found:
            yield f"{read.cid} was acknowledged as {read.seq}, and another worker found {found}"
        if read.head < read.seq:
            yield f"{read.cid} was acknowledged as {read.seq} before another head was {read.head}"


def head_differences(heads: Sequence[int]) -> Iterator[str]:
    """The head of the room never goes back for a reader, whichever worker says it."""
    for before, after in pairwise(heads):
        if after < before:
            yield f"the head went back from {before} to {after}"


@dataclass
class ReceivedLines:
    """The cids that a plain-text socket received on one connection, in order."""

    opened: float  # on the monotonic clock
    cids: list[str] = field(default_factory=list)


def line_differences(
    lines: ReceivedLines, log: Sequence[Entry], sent: Mapping[str, float], *, last: bool
) -> Iterator[str]:
    """The plain-text socket has no cursor; its promise covers one connection. Each message
    arrives once and in order. No message is missing between the first and the last line, nor any
    that was first sent after the socket was open. Deleted messages may be missing. The last
    connection stayed open until all readers had the whole log, so it must have the log's end."""
    says = {entry["cid"]: entry for entry in log if entry["kind"] == "say"}
    unknown = [cid for cid in lines.cids if cid not in says]
    if unknown:
        yield f"{unknown[0]} was received, and is not in the log"
        return
    seqs = [says[cid]["seq"] for cid in lines.cids]
    if seqs != sorted(set(seqs)):
        yield f"received twice or out of order: {seqs}"
        return
    received = set(lines.cids)
    first = seqs[0] if seqs else len(log) + 1
    end = len(log) if last else seqs[-1] if seqs else 0
    for cid, entry in says.items():
        expected = entry["seq"] > first or sent.get(cid, 0.0) > lines.opened
        if expected and entry["seq"] <= end and not entry.get("deleted") and cid not in received:
            yield f"{cid} ({entry['seq']}) was not received, though {first} to {end} were"
            return
