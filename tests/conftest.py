"""Fixtures that all tests share: users, rooms, texts, sites and the parts of a worker."""

import asyncio
import threading
from pathlib import Path

import hypothesis
import pytest
from asgiref.sync import SyncToAsync
from django.contrib.auth import get_user_model
from django.core.management.commands import flush
from django.db import connections

from chat import rooms
from chat.models import Room
from chat.worker import current
from realtime.bus import log_group
from realtime.log.threads import READERS, WRITER
from realtime.rate_limit import Buckets
from streaming.models import StreamText
from streaming.texts import playback
from tests import site_database
from tests.scheduler import FileScheduling
from tests.servers import Site

TESTS = Path(__file__).parent
LOG_THREADS = [(WRITER, 1), (READERS, 2)]


# The longest tests start first. Otherwise a process would still run when the others are done.
FIRST = ["test_postgresql.py", "live", "protocol", "browser", "stress", "deploy", "benchmarks"]


def pytest_addoption(parser):
    parser.addoption(
        "--only-database",
        action="store_true",
        help="run the tests that reach the database of the tests' own process, and no other",
    )


def pytest_xdist_make_scheduler(config, log):
    """The scheduler of pytest-xdist."""
    return FileScheduling(config, log)


def pytest_collection_modifyitems(config, items):
    """Puts the longest tests first."""
    if config.getoption("only_database"):
        config.hook.pytest_deselected(items=[i for i in items if not reaches_database(i)])
        items[:] = [item for item in items if reaches_database(item)]
    items.sort(key=lambda item: place(item.path))


def reaches_database(item):
    """Whether a test asks pytest-django for the database."""
    return bool(item.get_closest_marker("django_db")) or "db" in item.fixturenames


def place(path):
    """The position of a file's tests in the run."""
    top = path.relative_to(TESTS).parts[0]
    return FIRST.index(top) if top in FIRST else len(FIRST)


# On a machine with other load, the duration of an example has no meaning.
hypothesis.settings.register_profile("shared", deadline=None)
hypothesis.settings.load_profile("shared")


@pytest.fixture(scope="session", autouse=True)
def site_databases(django_db_blocker):
    """Allows `Site.query` to use the databases of sites."""
    site_database.allow_databases = django_db_blocker.unblock


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup):
    """The test database. PostgreSQL does not drop one to which a thread is still connected.
    Django's own asynchronous queries leave a connection in the thread that they share, and
    Channels' communicators keep connections from being closed while a test waits for output."""
    yield
    for executor, threads in [(SyncToAsync.single_thread_executor, 1), *LOG_THREADS]:
        in_each_thread(executor, threads, connections.close_all)


# No test changes these rows. To create them again takes longer than most tests.
PERMANENT = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def quick_flush():
    """Empties the tables after a test with DELETE: on PostgreSQL, TRUNCATE takes longer for tables
    of a few rows. The rows that `migrate` creates stay."""

    def delete_rows(style, connection, **options):
        tables = set(connection.introspection.django_table_names(only_existing=True)) - PERMANENT
        return [f"DELETE FROM {connection.ops.quote_name(table)}" for table in sorted(tables)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", delete_rows)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *arguments: None)
        yield


@pytest.fixture(autouse=True)
def finished_log(_django_db_marker):
    """Waits at the end of a test until the log's threads are idle, before the tables are emptied.
    Otherwise PostgreSQL reports a deadlock, or pytest-django blocks the database for a thread in
    the middle of a transaction, which then stays open."""
    yield
    for executor, threads in LOG_THREADS:
        in_each_thread(executor, threads, lambda: None)


def in_each_thread(executor, threads, job):
    """Runs a job once in each thread of an executor, after all waiting jobs."""
    barrier = threading.Barrier(threads, timeout=60)

    def wait_and_run():
        barrier.wait()
        job()

    for done in [executor.submit(wait_and_run) for _ in range(threads)]:
        done.result()


@pytest.fixture(autouse=True)
def fresh_worker(monkeypatch):
    """Empties the caches and limits of the worker."""
    monkeypatch.setattr(playback, "event_cache", playback.EventCache())
    monkeypatch.setattr(rooms, "message_rate", Buckets(1_000, 1_000))
    monkeypatch.setattr(rooms, "join_rate", Buckets(1_000, 1_000))


@pytest.fixture(autouse=True)
async def worker_parts():
    """The parts of a worker, as a server builds them at start-up."""
    return current()


@pytest.fixture
def until_subscribed():
    """Waits until a reader's worker is subscribed to its log, and has read what came before. From
    then on nothing but a notification and the slow check brings new entries."""

    async def wait(reader):
        async with asyncio.timeout(60):
            while log_group("room", reader.tail.log) not in current().bus.subscribed:
                await asyncio.sleep(0)
            if reader.tail.refreshing:
                await asyncio.wait({reader.tail.refreshing})

    return wait


@pytest.fixture
def text(db):
    """A default text of four characters, one of them a family."""
    return StreamText.objects.create(
        slug="first", title="First", body=" 你👨‍👩‍👧‍👦\n", is_default=True, interval_ms=1
    )


@pytest.fixture
def lobby(db):
    """A public room."""
    return Room.objects.get_or_create(slug="lobby", defaults={"name": "Lobby"})[0]


@pytest.fixture
def backroom(db, alice):
    """A room that is not public; Alice is in it."""
    room = Room.objects.create(slug="backroom", name="Backroom", is_public=False)
    room.members.add(alice)
    return room


@pytest.fixture
def alice(db):
    """A user."""
    return get_user_model().objects.create_user("alice", password="a")


@pytest.fixture
def stranger(db):
    """A user without any right."""
    return get_user_model().objects.create_user("mallory", password="m")


@pytest.fixture
def boss(db):
    """A superuser."""
    return get_user_model().objects.create_superuser("boss", password="b")


@pytest.fixture(scope="module")
def make_shared_site(tmp_path_factory):
    """Creates a site for all tests of a module, which must not damage it. Ends it after them."""
    made = []

    def make(**settings):
        made.append(Site(tmp_path_factory.mktemp("site"), **settings))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def make_site(tmp_path):
    """Creates a site of real processes for one test, which may damage it. Ends it afterwards."""
    made = []

    def make(**settings):
        made.append(Site(tmp_path, **settings))
        return made[-1]

    yield make
    for site in made:
        site.close()
