"""Everything that one worker holds. `build` shows how the parts depend on each other."""

from dataclasses import dataclass

import realtime.worker
from chat.dashboard.reports import Reports
from chat.log import store
from chat.log.read_receipts import ReceiptWriter, receipt_writer
from chat.log.writer import EntryWriter, entry_writer
from chat.presence.ephemeral import EphemeralEvents
from chat.presence.presence import Presence
from chat.presence.sync import PresenceSync
from chat.transports.socket_registry import SocketRegistry
from chat.transports.socket_timer import SocketTimer
from realtime.log import threads
from realtime.log.notifier import LogNotifier
from realtime.log.tail_registry import TailRegistry
from realtime.revocation import ROOMS

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
    socket_timer: SocketTimer
    reports: Reports

    def drain(self) -> None:
        """Tells the other workers and the clients of the sockets that this worker stops."""
        self.presence_sync.leave()
        self.sockets.drain()

    async def stop(self) -> None:
        """Sends what waits in the bus, ends every background task and the threads of the log."""
        await self.bus.flush(FLUSH_SECONDS)
        await self.tasks.stop(TASKS_SECONDS)
        await self.bus.close()
        threads.shut_down()


def build(base: realtime.worker.Worker) -> Worker:
    """Builds the parts of the chat on the running event loop, and adds them to those of `base`."""
    tasks, bus, counters = base.tasks, base.bus, base.counters

    # Entries: the writer commits them, the tails bring them to the readers and to other workers.
    writer = entry_writer(tasks, counters)
    notifier = LogNotifier(bus, kind="room")
    tails = TailRegistry(store, notifier, tasks, counters, is_writing=lambda: writer.busy)
    writer.listeners.append(tails.on_committed)
    base.revocation.watch_always(ROOMS, tails.check_soon)
    receipts = receipt_writer(tasks)

    presence = Presence()
    ephemeral = EphemeralEvents(bus)
    presence_sync = PresenceSync(presence, ephemeral, bus, tasks)

    sockets = SocketRegistry()
    socket_timer = SocketTimer(tasks)
    reports = Reports(bus, counters, base.streams, sockets, tails)

    return Worker(
        **vars(base),
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


def start() -> Worker:
    """Starts the worker of the running event loop. Does nothing if it has started."""
    worker = realtime.worker.current()
    if not isinstance(worker, Worker):
        worker = build(worker)
        realtime.worker.install(worker)
    return worker


def current() -> Worker:
    """The worker of the running event loop. A server starts it before the first request; in
    another process, such as a shell, the first call starts it."""
    worker = realtime.worker.find()
    return worker if isinstance(worker, Worker) else start()
