"""What a process has used, as the kernel counts it: a busy machine makes it slower, not dearer."""

import os
import resource
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat that follow the name in parentheses (proc(5)).
PARENT, UTIME, STIME, CUTIME, CSTIME = 1, 11, 12, 13, 14


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
