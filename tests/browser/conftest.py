"""Fixtures: sites of real processes, and windows of a real Chromium."""

from uuid import uuid4

import pytest

from chat.log import store
from chat.log.store import Draft
from chat.models import Entry, Room
from streaming.models import StreamText
from tests.browser.chromium import Chromium
from tests.browser.window import Window
from tests.servers import Site


@pytest.fixture(scope="session")
def chromium():
    """The browser of all tests of this process."""
    browser = Chromium()
    yield browser
    browser.close()


@pytest.fixture
def open_window(chromium):
    """Opens windows, and closes them after the test. Their consoles must have no errors.

    Each window is another person, with its own cookies and storage. `extra_arguments` are
    command-line arguments for a separate Chromium."""
    opened, browsers = [], []

    def open_one(url, expected=(), extra_arguments=()):
        browser = chromium
        if extra_arguments:
            browser = Chromium(extra_arguments, sessions=1)
            browsers.append(browser)
        opened.append(Window(browser, expected))
        return opened[-1].open(url)

    yield open_one
    errors = []
    for window in opened:
        errors += window.console_errors()
        window.close()
    for browser in browsers:
        browser.close()
    assert errors == []


@pytest.fixture(scope="package")
def site(tmp_path_factory):
    """The site of all tests that neither stop nor damage it."""
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


@pytest.fixture(scope="package")
def worker(site):
    return site.worker()


@pytest.fixture(scope="package")
def boss(site):
    """A superuser: name and password."""
    site.make_user("boss", "b", is_staff=True, is_superuser=True)
    return "boss", "b"


@pytest.fixture
def make_room(site):
    """Creates a room for this test only; returns its path."""

    def make(**fields):
        slug = f"room-{uuid4().hex[:8]}"
        fields = {"slug": slug, "name": "Room", **fields}
        site.query(lambda: Room.objects.create(**fields))
        return f"/chat/{slug}/"

    return make


@pytest.fixture
def path(make_room):
    """The path of a room for this test only."""
    return make_room()


@pytest.fixture
def two(worker, open_window, path):
    """The windows of two people in the room at `path`."""
    windows = open_window(worker.url + path), open_window(worker.url + path)
    for window in windows:
        window.until_state("connected")
    return windows


@pytest.fixture
def make_text(site):
    """Creates a text for this test only; returns the path of its page."""

    def make(body, **fields):
        slug = f"text-{uuid4().hex[:8]}"
        fields = {"slug": slug, "title": slug, "body": body, "interval_ms": 5, **fields}
        site.query(lambda: StreamText.objects.create(**fields))
        return f"/stream/?text={slug}"

    return make


def slug_of(path):
    """The slug of the room at a path."""
    return path.split("/")[2]


def stored_bodies(site, path):
    """The bodies in the log of the room at a path."""
    entries = Entry.objects.filter(room__slug=slug_of(path)).order_by("seq")
    return site.query(lambda: list(entries.values_list("body", flat=True)))


def append_messages(site, path, *bodies):
    """Appends messages of another person to the log of the room at a path."""
    slug = slug_of(path)

    def append():
        room = Room.objects.get(slug=slug)
        drafts = [
            Draft(room.pk, "say", "g-1", "Bob", f"{slug}-{uuid4().hex[:8]}", body)
            for body in bodies
        ]
        store.write(drafts)

    site.query(append)


def delete_room(site, path):
    """Deletes the room at a path."""
    site.query(lambda: Room.objects.filter(slug=slug_of(path)).delete())
