"""Sites of real processes, and clients that speak to them over the loopback address."""

import httpx
import pytest

from chat.models import Entry
from tests.clients.websocket import PATH, open_client


@pytest.fixture
async def client():
    """A client of HTTP."""
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


@pytest.fixture
async def open_socket():
    """Opens sockets to workers, and closes them after the test."""
    opened = []

    async def open_one(worker, path=PATH, **options):
        opened.append(await open_client(worker.ws, path, **options))
        return opened[-1]

    yield open_one
    for client in opened:
        await client.close()


@pytest.fixture
def open_line(open_socket):
    """Opens plain-text sockets, and closes them after the test."""

    async def open_one(worker, path="/ws/chat/lobby/", **options):
        return await open_socket(worker, path, **options)

    return open_one


def the_log(site):
    """The seq and the cid of each entry of a site, in the order of the log."""
    return site.query(lambda: list(Entry.objects.order_by("seq").values_list("seq", "cid")))
