"""The resources that all processes of a test run share: a folder, databases to copy, and ports.

pytest-xdist starts several processes, and several runs may share the machine.
"""

import atexit
import contextlib
import fcntl
import os
import random
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

# The key of the sites and of the tests' own process: each can read the other's cookies.
SECRET_KEY = "a key of the test run, long enough to be taken for a real one 0123456789"
FOLDER_VARIABLE = "TWINSTREAM_TEST_RUN"
# Below the ports of outgoing connections. Otherwise a client that tries the port of a stopped
# worker could get the same port for its own side, and would connect to itself.
PORTS = range(20_000, 32_000)
PORT_LOCKS = Path(tempfile.gettempdir()) / f"twinstream-test-ports-{os.geteuid()}"


def run_folder() -> Path:
    """The folder of this run. The first process creates it, removes it at its end, and passes its
    name to its child processes in the environment."""
    if FOLDER_VARIABLE not in os.environ:
        made = tempfile.mkdtemp(prefix="twinstream-tests-")
        os.chmod(made, 0o711)  # PostgreSQL, which never runs as root, must reach folders in it
        os.environ[FOLDER_VARIABLE] = made
        atexit.register(remove, made, os.getpid())
    return Path(os.environ[FOLDER_VARIABLE])


def remove(folder: str, maker: int) -> None:
    if os.getpid() == maker:  # not a forked child
        shutil.rmtree(folder, ignore_errors=True)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The path of a file or folder that one process of the run makes and all of them use."""
    path = run_folder() / name
    with locked(path.with_name(f"{name}.lock")):
        if not path.exists():
            unfinished = path.with_name(f"{name}.unfinished")
            make(unfinished)
            unfinished.rename(path)
    return path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# ---- Ports ---------------------------------------------------------------------------

_port_locks: list[int] = []
_own_ports: set[int] = set()


def free_port() -> int:
    """A port on which no process listens. No other test process of this user gets it before this
    process has ended."""
    while not reserve(port := random.choice(PORTS)):
        pass
    return port


def reserve(port: int) -> bool:
    """Reserves a port if it is free, by a lock on one byte of a file. Returns whether it did."""
    if not _port_locks:
        _port_locks.append(os.open(PORT_LOCKS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if port in _own_ports:
        return False
    try:
        fcntl.lockf(_port_locks[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    _own_ports.add(port)
    return True
