"""Where the server listens, and how many it may hold."""

import os
import resource
import socket
import stat
from contextlib import suppress

BACKLOG = 1024  # connections that wait to be accepted; Twisted's own 50 refuse a crowd
PROBE_SECONDS = 1.0


def ready(description: str) -> str:
    """The description of an endpoint, with a longer queue and a path that is free."""
    kind, _, rest = description.partition(":")
    if kind == "unix":
        clear_stale(rest.split(":")[0])
        # Twisted's lock knows its holder by the number of a process, which after the restart of
        # a container is another's, or the new worker's own.
        description += ":lockfile=0"
    has_queue = kind in ("tcp", "unix", "ssl") and "backlog=" not in description
    return f"{description}:backlog={BACKLOG}" if has_queue else description


def clear_stale(path: str) -> None:
    """Removes the socket file of a worker that was killed. SystemExit if one listens there."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise SystemExit(f"{path} is there, and is no socket.")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(PROBE_SECONDS)
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)
                return
            except TimeoutError:  # nobody takes the probe off its queue, but there is one
                pass
        raise SystemExit(f"Another worker listens on {path}.")


def raise_open_files() -> None:
    """Allows this process as many open files as it may allow itself: each connection is one,
    and shells begin with 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
