"""Runs the load generator in benchmarks/load on a core of its own. Compiles it if need be."""

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
# Above this share of its core the generator may be the limit, and the run is void; not if the
# server used up its own core, since it could not have done more.
MAX_LOAD_BUSY = 0.8
SERVER_USED_UP = 0.95
MAX_SECONDS = 300

Figures = dict[str, float]


class Void(Exception):
    """The run does not count. Its text is the reason."""


def compiled() -> Path:
    """The program, compiled again if its source is newer."""
    newest = max(path.stat().st_mtime for path in SOURCE.glob("*.[ch]"))
    if not PROGRAM.exists() or PROGRAM.stat().st_mtime < newest:
        PROGRAM.parent.mkdir(exist_ok=True)
        sources = sorted(SOURCE.glob("*.c"))
        subprocess.run([need("cc", "gcc"), *FLAGS, "-o", PROGRAM, *sources], check=True)
    return PROGRAM


def measure(
    mode: str, clock: Callable[[], float], server_cores: int, cores: Collection[int], **options: Any
) -> Figures:
    """Runs the generator and returns its figures.

    `clock` returns the processor time of the server in seconds; `server_seconds` is its growth in
    the measured part. Raises Void if a delivery was lost, doubled or reordered, or if the
    generator was too busy.
    """
    clocks, last = [], ""
    with _process(mode, cores, options) as process:
        assert process.stdout
        for last in process.stdout:
            if last in ("begin\n", "end\n"):
                clocks.append(clock())
        _check_status(process)
    figures: Figures = json.loads(last) | {"server_seconds": clocks[1] - clocks[0]}
    figures["server_busy"] = figures["server_seconds"] / figures["seconds"] / server_cores
    if figures["load_busy"] > MAX_LOAD_BUSY and figures["server_busy"] < SERVER_USED_UP:
        raise Void(f"the load generator was busy for {figures['load_busy']:.0%} of the time")
    return figures


@contextmanager
def idle_connections(cores: Collection[int], **options: Any) -> Iterator[subprocess.Popen]:
    """Idle connections that stay open during the block. Raises Void if one cannot be opened, or
    ends early."""
    with _process("idle", cores, options) as process:
        assert process.stdout
        assert process.stdin
        if process.stdout.readline() == "ready\n":
            yield process
        process.stdin.close()
        _check_status(process)


def _check_status(process: subprocess.Popen) -> None:
    if process.wait(MAX_SECONDS):
        assert process.stderr
        raise Void(process.stderr.read().strip())


@contextmanager
def _process(
    mode: str, cores: Collection[int], options: dict[str, Any]
) -> Iterator[subprocess.Popen]:
    """The generator. It is killed at the end of the block, and after MAX_SECONDS."""
    words = [(f"--{name.replace('_', '-')}", str(value)) for name, value in options.items()]
    process = subprocess.Popen(
        [compiled(), mode, *(word for pair in words for word in pair)],
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    timer = threading.Timer(MAX_SECONDS, process.kill)
    timer.start()
    try:
        with process:
            yield process
    finally:
        timer.cancel()
        process.kill()
