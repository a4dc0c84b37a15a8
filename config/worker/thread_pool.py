"""A fixed set of threads for the synchronous part of every connection."""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

from asgiref.sync import ThreadSensitiveContext
from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    Scope,
)

# Each lane is one thread, with at most one database connection. Eight of them keep two
# cores busy while most wait for the database.
LANES = 8


class BoundedThreads:
    """ASGI middleware: runs a connection's synchronous calls on one of `lanes` threads.

    Without it Django's ASGI handler opens a thread for each request and keeps it until the
    response ends, which for an event stream is hours. A connection keeps its lane, so that
    its calls run one after another on one thread, as `thread_sensitive` promises.
    """

    def __init__(self, application: ASGI3Application, lanes: int = LANES) -> None:
        self.application = application
        self.threads = [ThreadPoolExecutor(1, thread_name_prefix=f"lane-{n}") for n in range(lanes)]
        self.lanes = cycle(self.threads)

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        was_last = scope["type"] == "lifespan"  # nobody comes any more
        serving = self.application(scope, receive, send)
        del scope  # which would be held here for as long as a stream lasts
        async with ThreadSensitiveContext(executor=next(self.lanes)):
            await serving
        if was_last:
            for thread in self.threads:
                thread.shutdown(wait=False)
