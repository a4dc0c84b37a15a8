"""A copy of production is used for staging: with the same secret key, on the same Redis server."""

import asyncio
import contextlib
import sqlite3

import pytest
import redis

from chat.models import Entry
from tests.servers import Site


@pytest.fixture
def production(make_site):
    return make_site(redis=True)


@pytest.fixture
def staging(production, tmp_path):
    """Creates a site whose database is a copy of that of production."""
    folder = tmp_path / "staging"
    folder.mkdir()
    # Pub/sub knows no database numbers, so another number separates nothing.
    made = Site(folder, REDIS_URL=production.redis.url.replace("/0", "/1"))

    def copy():
        files = production.folder / "site.sqlite3", folder / "site.sqlite3"
        with contextlib.ExitStack() as stack:
            source, target = (
                stack.enter_context(contextlib.closing(sqlite3.connect(file))) for file in files
            )
            source.backup(target)
        return made

    yield copy
    made.close()


def subscribers(site):
    """The subscribers of each name in Redis."""
    with redis.Redis.from_url(site.redis.url) as client:
        return dict(client.pubsub_numsub(*client.pubsub_channels()))


async def test_nothing_of_staging_reaches_production(production, staging, open_socket):
    worker = await asyncio.to_thread(production.worker, "production")
    ann = await open_socket(worker, "/ws/chat/?name=Ann")
    await ann.join()
    await ann.say("a-1", "before the copy")
    await ann.until_head(1)

    copy = await asyncio.to_thread(staging)
    copy_worker = await asyncio.to_thread(copy.worker, "staging")
    tester = await open_socket(copy_worker, "/ws/chat/?name=Tester")
    joined = await tester.join()
    assert (joined["head"], [each["name"] for each in joined["online"]]) == (1, ["Tester"])
    await tester.say("t-1", "in staging")
    await tester.until_head(2)
    # Each worker follows the room, and has a name of its own.
    found = subscribers(production)
    rooms = [name for name in found if name.endswith(b".room.1")]
    workers = [name for name in found if name.endswith(b".workers")]
    assert (len(rooms), len(workers)) == (2, 2)
    assert set(found.values()) == {1}

    await ann.say("a-2", "in production")
    await ann.until_head(2)
    assert [entry["body"] for entry in ann.entries] == ["before the copy", "in production"]
    ben = await open_socket(worker, "/ws/chat/?name=Ben")
    assert {each["name"] for each in (await ben.join())["online"]} == {"Ann", "Ben"}
    bodies = Entry.objects.order_by("seq").values_list("body", flat=True)
    assert copy.query(lambda: list(bodies)) == ["before the copy", "in staging"]
