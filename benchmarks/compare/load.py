"""The load generator in benchmarks/load: compiled when its source is newer, and run on a core of
its own."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.processes import need

SOURCE = Path(__file__).resolve().parents[1] / "load"
PROGRAM = SOURCE / "build" / "load"
FLAGS = ("-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror")
# Above this share of its core, what is measured may be the generator; unless the server has used
# up its own, and could not have done more.
BUSY_MOST = 0.8
USED_UP = 0.95
SECONDS_MOST = 300

Figures = dict[str, float]


class Void(Exception):
    """The run is worth nothing, and why."""


def made() -> Path:
    """The program, compiled if need be."""
    newest = max(path.stat().st_mtime for path in SOURCE.glob("*.[ch]"))
    if not PROGRAM.exists() or PROGRAM.stat().st_mtime < newest:
        PROGRAM.parent.mkdir(exist_ok=True)
        sources = sorted(SOURCE.glob("*.c"))
        subprocess.run([need("cc", "gcc"), *FLAGS, "-o", PROGRAM, *sources], check=True)
    return PROGRAM


def measured(
    mode: str, clock: Callable[[], float], server_cores: int, cores: Collection[int], **options: Any
) -> Figures:
    """Runs it to its end, and returns what it has measured, and as `server_seconds` by how much
    the clock of the server went on in the part that counts: its processor time. Void if a delivery
    was lost, doubled or reordered, or if the generator was too busy to be sure of."""
    clocks, last = [], ""
    with _running(mode, cores, options) as running:
        assert running.stdout
        for last in running.stdout:
            if last in ("begin\n", "end\n"):
                clocks.append(clock())
        _ended_well(running)
    found: Figures = json.loads(last) | {"server_seconds": clocks[1] - clocks[0]}
    found["server_busy"] = found["server_seconds"] / found["seconds"] / server_cores
    if found["load_busy"] > BUSY_MOST and found["server_busy"] < USED_UP:
        raise Void(f"the load generator was busy for {found['load_busy']:.0%} of the time")
    return found


@contextmanager
def holding(cores: Collection[int], **options: Any) -> Iterator[subprocess.Popen]:
    """The process that holds connections open meanwhile. Void if one could not be opened or has
    ended."""
    with _running("held", cores, options) as running:
        assert running.stdout
        assert running.stdin
        if running.stdout.readline() == "ready\n":
            yield running
        running.stdin.close()
        _ended_well(running)


def _ended_well(running: subprocess.Popen) -> None:
    if running.wait(SECONDS_MOST):
        assert running.stderr
        raise Void(running.stderr.read().strip())


@contextmanager
def _running(
    mode: str, cores: Collection[int], options: dict[str, Any]
) -> Iterator[subprocess.Popen]:
    """The process, which does not outlive the block, nor SECONDS_MOST."""
    words = [(f"--{name.replace('_', '-')}", str(value)) for name, value in options.items()]
    running = subprocess.Popen(
        [made(), mode, *(word for pair in words for word in pair)],
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watch = threading.Timer(SECONDS_MOST, running.kill)
    watch.start()
    try:
        with running:
            yield running
    finally:
        watch.cancel()
        running.kill()
