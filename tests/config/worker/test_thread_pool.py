import asyncio
import threading

from asgiref.sync import sync_to_async

from config.worker.thread_pool import BoundedThreads


async def application(scope, receive, send):
    names = [await sync_to_async(threading.current_thread)() for _ in range(3)]
    scope["threads"] += [{thread.name for thread in names}]


async def test_many_connections_share_few_threads_and_each_keeps_its_own():
    scope = {"type": "http", "threads": []}
    bounded = BoundedThreads(application, lanes=3)
    await asyncio.gather(*(bounded(scope, None, None) for _ in range(50)))
    assert len(scope["threads"]) == 50
    assert all(len(names) == 1 for names in scope["threads"])
    assert set().union(*scope["threads"]) == {"lane-0_0", "lane-1_0", "lane-2_0"}
