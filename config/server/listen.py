"""The endpoints that the server listens on, and how many connections it may hold."""

import os
import resource
import socket
import stat
from contextlib import suppress

BACKLOG = 1024  # connections that wait to be accepted; Twisted's own 50 are too few for a crowd
CONNECT_SECONDS = 1.0


def normalise(description: str) -> str:
    """A Twisted endpoint description, such as "tcp:port=8000", with a longer backlog. Removes the
    socket file that a killed worker left at the path of a unix socket."""
    kind, _, rest = description.partition(":")
    if kind == "unix":
        remove_stale_socket(rest.split(":")[0])
        # Twisted's lock file names its owner by process number. After a restart of a container
        # that number belongs to another process, or to the new worker itself.
        description += ":lockfile=0"
    has_backlog = kind in ("tcp", "unix", "ssl") and "backlog=" not in description
    return f"{description}:backlog={BACKLOG}" if has_backlog else description


def remove_stale_socket(path: str) -> None:
    """Removes a socket file that no process listens on. SystemExit if one does, or if the file is
    not a socket."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise SystemExit(f"{path} exists and is not a socket.")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(CONNECT_SECONDS)
            try:
                client.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)
                return
            except TimeoutError:  # a process listens, but its backlog is full
                pass
        raise SystemExit(f"Another worker listens on {path}.")


def raise_open_file_limit() -> None:
    """Raises this process's limit of open files as far as it may: each connection is one, and
    shells start with 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
