"""Refuses to start a second worker without Redis, which workers need to reach each other."""

import fcntl
import hashlib
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, NoReturn

REFUSAL = (
    "Another worker already serves this database (`make run` and runserver are workers, too), and "
    "REDIS_URL is not set for both. Without Redis, workers cannot notify each other of new "
    "messages. Stop the other worker, or set REDIS_URL for all workers."
)


def lock_path(database: dict[str, Any]) -> Path:
    """The lock file that workers of the same machine, user and database share."""
    name = f"{database['ENGINE']} {database['HOST']} {database['PORT']} {database['NAME']}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"twinstream-{os.getuid()}-{digest}.lock"


def claim_sole_worker(database: dict[str, Any], redis_url: str) -> int:
    """Locks the database for this worker, or ends the process with a sentence if another worker
    serves it and not both have Redis. Sees the workers of this machine and user only.

    Returns the descriptor of the lock. The kernel releases the lock when the process ends.
    """
    # A plain descriptor: a file object would release the lock when it is collected.
    lock = os.open(lock_path(database), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Workers with Redis share the lock. A worker without Redis needs it exclusively.
        fcntl.flock(lock, (fcntl.LOCK_SH if redis_url else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        refuse()
    return lock


def refuse() -> NoReturn:
    """Ends the process with a sentence, from any thread."""
    sys.stderr.write(REFUSAL + "\n")
    sys.stderr.flush()
    if threading.current_thread() is threading.main_thread():
        sys.exit(1)
    os._exit(1)  # runserver imports us in a thread, where SystemExit ends only that thread
