"""What a process has used, as the kernel counts it: a busy machine makes it slower, not dearer."""

import contextlib
import os
import resource
from collections.abc import Collection, Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat that follow the name in parentheses (proc(5)).
STATE, PARENT, UTIME, STIME, CUTIME, CSTIME, STARTED = 0, 1, 11, 12, 13, 14, 19


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int(_stat(int(path.name))[PARENT]) == pid:
                found.append(int(path.name))
        except (OSError, IndexError):
            continue  # it has just ended
    return found


def begun(pid: int) -> str | None:
    """When a process began, which tells it from a later one of its number. None if it has ended."""
    try:
        stat = _stat(pid)
    except OSError:
        return None
    return None if stat[STATE] == "Z" else stat[STARTED]


def cpu_seconds(pid: int) -> float:
    """Processor time of a process, of its children that live, and of those that have ended."""
    own = [int(_stat(pid)[field]) for field in (UTIME, STIME, CUTIME, CSTIME)]
    for child in children(pid):
        try:
            own += [int(_stat(child)[field]) for field in (UTIME, STIME)]
        except OSError:
            continue
    return sum(own) / TICKS


def memory_bytes(pid: int) -> int:
    """What a process alone holds in memory."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


def allow_many_files(wanted: int) -> int:
    """Raises the limit of open files, for this process and those that it starts. Returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
        except (ValueError, OSError):  # more than the system allows us
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@contextlib.contextmanager
def pinned(cores: Collection[int] | None) -> Iterator[None]:
    """What is started in the block stays on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
