"""Figures that follow from others: of the same run, or of several runs of a round. Pure."""

from collections import defaultdict

from benchmarks.report.fold import Run, keys_of

HELD_SHARE = 0.99  # of the events that are due, without which a stream is not said to be held


def derived(runs: list[Run]) -> list[Run]:
    """The runs, with what follows from them."""
    return [with_slowing(run) for run in runs] + streams_held(runs)


def with_slowing(run: Run) -> Run:
    """How many times longer others wait while somebody resumes."""
    figures = run.get("figures") or {}
    if not figures.get("quiet_p99_ms"):
        return run
    slowing = figures["others_p99_ms"] / figures["quiet_p99_ms"]
    return {**run, "figures": {**figures, "slowing": slowing}}


def streams_held(runs: list[Run]) -> list[Run]:
    """The most streams that so many workers held in a round. Void where a run of that round is:
    a step that one worker lost for another reason would flatter two."""
    ladders = defaultdict(list)
    for run in runs:
        if run["scenario"] == "workers" and run.get("kind") == "streams":
            ladders[run["contender"], run["workers"], run["round"]].append(run)
    return [_top(ladder) for ladder in ladders.values()]


def _top(ladder: list[Run]) -> Run:
    voids = [run["void"] for run in ladder if run["void"]]
    held = [
        r["connections"] for r in ladder if not voids and r["figures"]["due_share"] >= HELD_SHARE
    ]
    run = {name: ladder[0][name] for name in ("scenario", "contender", "round")}
    keys = {n: v for n, v in keys_of(ladder[0]).items() if n != "connections"}
    figures = {"streams_held": max(held, default=0)}
    return {**run, **keys, "kind": "streams held", "figures": figures, "void": (voids or [None])[0]}
