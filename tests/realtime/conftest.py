import asyncio

import pytest

from realtime import worker


@pytest.fixture
async def no_worker(worker_parts):
    """The event loop without a worker."""
    del worker._workers[asyncio.get_running_loop()]
