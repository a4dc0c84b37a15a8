"""What is started is ended, whatever happens to the run."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

from benchmarks.processes import begun

GONE_SECONDS = 5.0


@contextlib.contextmanager
def leaving_when_told() -> Iterator[None]:
    """Turns SIGTERM into an exception, so that what was started is ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def see_gone(those: dict[int, str | None]) -> None:
    """Waits until processes have ended, of which it is known when they began; kills who stays."""
    deadline = time.monotonic() + GONE_SECONDS
    while alive := [pid for pid, when in those.items() if when and begun(pid) == when]:
        if time.monotonic() > deadline:
            for pid in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.02)  # nothing tells of the end of another's child
