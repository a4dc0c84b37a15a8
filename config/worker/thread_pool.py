"""A fixed number of threads for the synchronous code of all connections."""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

from asgiref.sync import ThreadSensitiveContext
from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    Scope,
)

# Each thread has at most one database connection. Eight threads keep two cores busy while most of
# them wait for the database.
THREADS = 8


class ThreadPoolMiddleware:
    """ASGI middleware that runs a connection's synchronous calls on one of `count` threads.

    Without it, Django's ASGI handler starts a thread for each request, which lives until the
    response ends: for an event stream, hours. A connection always uses the same thread, so its
    calls run one after another, as `thread_sensitive` of asgiref requires.
    """

    def __init__(self, application: ASGI3Application, count: int = THREADS) -> None:
        self.application = application
        # One executor for each thread: an executor of several would not let us choose.
        self.threads = [ThreadPoolExecutor(1, thread_name_prefix=f"sync-{n}") for n in range(count)]
        self.next_thread = cycle(self.threads)

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        is_lifespan = scope["type"] == "lifespan"
        running = self.application(scope, receive, send)
        del scope  # this frame would keep it for as long as a stream lasts
        async with ThreadSensitiveContext(executor=next(self.next_thread)):
            await running
        if is_lifespan:  # it ends last
            for thread in self.threads:
                thread.shutdown(wait=False)
