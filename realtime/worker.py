"""What every worker process holds, and the worker that runs on an event loop."""

import asyncio
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from realtime.bus import Bus
from realtime.counters import Counters
from realtime.revocation import Revocation
from realtime.scheduler import DeadlineScheduler
from realtime.stream_registry import StreamRegistry
from realtime.tasks import Tasks


@dataclass(eq=False, kw_only=True)
class Worker:
    """The parts of one worker that no app is needed for. `chat.worker` adds its own and builds
    all of them."""

    tasks: Tasks
    bus: Bus
    revocation: Revocation
    counters: Counters
    streams: StreamRegistry
    scheduler: DeadlineScheduler


# A server has one event loop and so one worker. Tests and `async_to_sync` have many loops.
_workers: WeakKeyDictionary[asyncio.AbstractEventLoop, Worker] = WeakKeyDictionary()


def install(worker: Worker) -> None:
    """Makes this the worker of the running event loop."""
    _workers[asyncio.get_running_loop()] = worker


def find() -> Worker | None:
    """The worker of the running event loop; None if there is none."""
    return _workers.get(asyncio.get_running_loop())


def current() -> Worker:
    """The worker of the running event loop. RuntimeError if none was started."""
    if worker := find():
        return worker
    raise RuntimeError("No worker runs on this event loop: `chat.worker.start()` starts one.")
