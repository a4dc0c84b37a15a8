"""Everything that one worker holds, built in one place. `build` shows how the parts depend on each
other."""

import asyncio
from dataclasses import dataclass
from time import monotonic

from channels.layers import get_channel_layer
from django.conf import settings

import realtime.worker
from chat.dashboard.reports import Reports
from chat.log import store
from chat.log.read_receipts import ReceiptWriter, receipt_writer
from chat.log.writer import EntryWriter, entry_writer
from chat.presence.ephemeral import EphemeralEvents
from chat.presence.presence import Presence
from chat.presence.sync import PresenceSync
from chat.transports.socket_registry import SocketRegistry
from chat.transports.socket_timer import TimerWheel
from realtime.bus import Bus
from realtime.counters import Counters, connection_counters
from realtime.log import threads
from realtime.log.notifier import LogNotifier
from realtime.log.tail_registry import TailRegistry
from realtime.revocation import ROOMS, Revocation
from realtime.scheduler import DeadlineScheduler
from realtime.stream_registry import StreamRegistry
from realtime.tasks import Tasks

# Seconds to send the messages that wait in the bus when the worker stops.
FLUSH_SECONDS = 1.0
# Seconds for background tasks that end by themselves, such as read receipts.
TASKS_SECONDS = 0.5


@dataclass(eq=False, kw_only=True)
class Worker(realtime.worker.Worker):
    """The parts of one worker."""

    writer: EntryWriter
    receipts: ReceiptWriter
    tails: TailRegistry
    presence: Presence
    presence_sync: PresenceSync
    ephemeral: EphemeralEvents
    sockets: SocketRegistry
    socket_timer: TimerWheel
    reports: Reports

    def drain(self) -> None:
        """Tells the other workers and the clients of the sockets that this worker stops."""
        self.presence_sync.leave()
        self.sockets.drain()

    async def stop(self) -> None:
        """Sends what waits in the bus, ends every background task and the threads of the log."""
        await self.bus.flush(FLUSH_SECONDS)
        await self.tasks.stop(TASKS_SECONDS)
        layer = get_channel_layer()
        if layer is not None:
            await layer.flush()
        threads.shut_down()


def build() -> Worker:
    """Builds the parts of a worker on the running event loop."""
    loop = asyncio.get_running_loop()
    counters = Counters(connection_counters)
    tasks = Tasks()
    bus = Bus(tasks, alone=not settings.REDIS_URL)
    revocation = Revocation(bus)
    streams = StreamRegistry()
    scheduler = DeadlineScheduler(monotonic, loop.call_later)

    # Entries: the writer commits them, the tails bring them to the readers and to other workers.
    writer = entry_writer(tasks, counters)
    notifier = LogNotifier(bus, kind="room")
    tails = TailRegistry(store, notifier, tasks, counters, is_writing=lambda: writer.busy)
    writer.listeners.append(tails.on_committed)
    revocation.watch_always(ROOMS, tails.check_soon)
    receipts = receipt_writer(tasks)

    presence = Presence()
    ephemeral = EphemeralEvents(bus)
    presence_sync = PresenceSync(presence, ephemeral, bus, tasks)

    sockets = SocketRegistry()
    socket_timer = TimerWheel(tasks)
    reports = Reports(bus, counters, streams, sockets, tails)

    return Worker(
        tasks=tasks,
        bus=bus,
        revocation=revocation,
        counters=counters,
        streams=streams,
        scheduler=scheduler,
        writer=writer,
        receipts=receipts,
        tails=tails,
        presence=presence,
        presence_sync=presence_sync,
        ephemeral=ephemeral,
        sockets=sockets,
        socket_timer=socket_timer,
        reports=reports,
    )


def current() -> Worker:
    """The worker of the running event loop. A server builds it at start-up; in another process,
    such as a shell, the first call builds it."""
    worker = realtime.worker.find()
    if not isinstance(worker, Worker):
        worker = build()
        realtime.worker.install(worker)
    return worker
