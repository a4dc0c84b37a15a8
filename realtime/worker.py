"""What every worker process holds, and the worker that runs on an event loop."""

import asyncio
from dataclasses import dataclass
from time import monotonic
from weakref import WeakKeyDictionary

from django.conf import settings

from realtime.bus import Bus
from realtime.counters import Counters, connection_counters
from realtime.log.database_instance import bus_prefix
from realtime.revocation import Revocation
from realtime.scheduler import DeadlineScheduler
from realtime.stream_registry import StreamRegistry
from realtime.tasks import Tasks


@dataclass(eq=False, kw_only=True)
class Worker:
    """The parts of one worker that need no app. `chat.worker` adds its own."""

    tasks: Tasks
    bus: Bus
    revocation: Revocation
    counters: Counters
    streams: StreamRegistry
    scheduler: DeadlineScheduler


# A server has one event loop and so one worker. Tests and `async_to_sync` have many loops.
_workers: WeakKeyDictionary[asyncio.AbstractEventLoop, Worker] = WeakKeyDictionary()


def build() -> Worker:
    """Builds these parts on the running event loop."""
    tasks = Tasks()
    if settings.REDIS_URL:
        bus = Bus(tasks, alone=False, find_prefix=bus_prefix)
    else:
        bus = Bus(tasks, alone=True)
    return Worker(
        tasks=tasks,
        bus=bus,
        revocation=Revocation(bus),
        counters=Counters(connection_counters),
        streams=StreamRegistry(),
        scheduler=DeadlineScheduler(monotonic, asyncio.get_running_loop().call_later),
    )


def install(worker: Worker) -> None:
    """Makes this the worker of the running event loop."""
    _workers[asyncio.get_running_loop()] = worker


def find() -> Worker | None:
    """The worker of the running event loop; None if there is none."""
    return _workers.get(asyncio.get_running_loop())


def current() -> Worker:
    """The worker of the running event loop. A server starts it with `chat.worker.start`. On
    another loop, such as that of a test client, the first call builds these parts."""
    if (worker := find()) is None:
        worker = build()
        install(worker)
    return worker
