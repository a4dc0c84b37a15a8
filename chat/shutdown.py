"""How a worker leaves: everybody is seen off, then what it was about to say is said, then all that
goes on beside ends."""

from channels.layers import get_channel_layer

from chat.presence.sync import rollcall
from chat.transports import base_socket
from realtime import tasks
from realtime.bus import relay

# Seconds, in which what is half done may be done: what was rung, and the marks of readers.
SENT_PATIENCE = 1.0
TASKS_PATIENCE = 0.5


def farewell() -> None:
    """Tells the other workers and the clients of this one that it leaves."""
    rollcall().leave()
    base_socket.drain()


async def end() -> None:
    """Ends what is left when all have gone."""
    await relay().sent(SENT_PATIENCE)
    await tasks.end(TASKS_PATIENCE)
    layer = get_channel_layer()
    if layer is not None:
        await layer.flush()
    tasks.end_threads()
