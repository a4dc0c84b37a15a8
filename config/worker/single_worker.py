"""Refuses a second worker where workers could not reach each other."""

import fcntl
import hashlib
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, NoReturn

REFUSAL = (
    "Another worker already serves this database (a `make run` or runserver is one too), and "
    "REDIS_URL is not set for both: they could not tell each other what is new. Stop the other "
    "one, or set REDIS_URL for all."
)


def lock_path(database: dict[str, Any]) -> Path:
    """Where the workers of this machine meet: one file a database and user."""
    name = f"{database['ENGINE']} {database['HOST']} {database['PORT']} {database['NAME']}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"twinstream-{os.getuid()}-{digest}.lock"


def claim_sole_worker(database: dict[str, Any], redis_url: str) -> int:
    """Ends the process with a sentence if another worker is running, and one of them has no Redis.

    Returns the descriptor that holds the claim. It sees the workers of this machine and user;
    the kernel drops the claim of a dead one.
    """
    # A bare descriptor, which nothing closes: the claim lasts as long as the process.
    claim = os.open(lock_path(database), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Those with Redis share the lock; one without must have it alone.
        fcntl.flock(claim, (fcntl.LOCK_SH if redis_url else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        refuse()
    return claim


def refuse() -> NoReturn:
    """Ends the process with a sentence, from whichever thread."""
    sys.stderr.write(REFUSAL + "\n")
    sys.stderr.flush()
    if threading.current_thread() is threading.main_thread():
        sys.exit(1)
    os._exit(1)  # runserver starts us in a thread, where SystemExit would end only the thread
