"""What /proc says of processes: processor time, memory, children. And how they are ended."""

import contextlib
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# Indexes of the fields of /proc/PID/stat that follow the name in parentheses (proc(5)).
STATE, PARENT, UTIME, STIME, CUTIME, CSTIME, STARTED = 0, 1, 11, 12, 13, 14, 19
GONE_SECONDS = 5.0


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def children(pid: int) -> list[int]:
    """The running child processes of a process."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int(_stat(int(path.name))[PARENT]) == pid:
                found.append(int(path.name))
        except (OSError, IndexError):
            continue  # it ended during the loop
    return found


def start_time(pid: int) -> str | None:
    """Start time in clock ticks since boot. Tells a process from a later one with the same PID.
    None if it has ended."""
    try:
        stat = _stat(pid)
    except OSError:
        return None
    return None if stat[STATE] == "Z" else stat[STARTED]


def cpu_seconds(pid: int) -> float:
    """Processor time (user and system) of a process and of all its children, ended ones too.

    Time that other processes use on the same core is not in it.
    """
    ticks = [int(_stat(pid)[field]) for field in (UTIME, STIME, CUTIME, CSTIME)]
    for child in children(pid):
        try:
            ticks += [int(_stat(child)[field]) for field in (UTIME, STIME)]
        except OSError:
            continue
    return sum(ticks) / TICKS


def memory_bytes(pid: int) -> int:
    """Private memory of a process: pages that no other process shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


def raise_file_limit(wanted: int) -> int:
    """Raises the limit of open files for this process and its later children. Returns the limit,
    which is lower than `wanted` where the system does not allow more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
        except (ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@contextlib.contextmanager
def pinned(cores: Collection[int] | None) -> Iterator[None]:
    """Processes that are started in the block run on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Turns SIGTERM into SystemExit, so that `finally` blocks end the child processes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def wait_until_gone(started: dict[int, str | None]) -> None:
    """Waits until these processes (PID to `start_time`) have ended. Kills them after 5 s."""
    deadline = time.monotonic() + GONE_SECONDS
    while alive := [pid for pid, at in started.items() if at and start_time(pid) == at]:
        if time.monotonic() > deadline:
            for pid in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.02)  # there is no event for the end of a grandchild
