import asyncio
import threading

from asgiref.sync import sync_to_async

from config.worker.thread_pool import ThreadPoolMiddleware


async def application(scope, receive, send):
    names = [await sync_to_async(threading.current_thread)() for _ in range(3)]
    scope["threads"] += [{thread.name for thread in names}]


async def test_connections_share_the_threads_and_each_uses_one():
    scope = {"type": "http", "threads": []}
    middleware = ThreadPoolMiddleware(application, count=3)
    await asyncio.gather(*(middleware(scope, None, None) for _ in range(50)))
    assert len(scope["threads"]) == 50
    assert all(len(names) == 1 for names in scope["threads"])
    assert set().union(*scope["threads"]) == {"sync-0_0", "sync-1_0", "sync-2_0"}
