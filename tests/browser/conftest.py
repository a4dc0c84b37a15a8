"""Sites of real processes, and windows of a real Chromium that look at them."""

import json
from uuid import uuid4

import pytest

from chat.log import store
from chat.log.store import Draft
from chat.models import Entry, Room
from streaming.models import StreamText
from tests.browser.chromium import Chromium
from tests.browser.window import Window
from tests.servers import Site

IMPORT = """
const [path, name, calls, done] = arguments;
import(path).then((module) => {
  const made = new module[name](...(calls.shift()));
  const answers = calls.map(([method, ...given]) =>
    typeof made[method] === "function" ? made[method](...given) : made[method]);
  done(JSON.stringify(answers.map((answer) => answer ?? null)));
}, (error) => done(JSON.stringify(String(error))));
"""


@pytest.fixture(scope="session")
def chromium():
    """The browser of all tests of this process."""
    browser = Chromium()
    yield browser
    browser.close()


@pytest.fixture
def open_window(chromium):
    """Opens windows, and closes them after the test. Their consoles must have no errors.

    Each is somebody else's: it has cookies and storage of its own. `further` are options of
    Chromium, for which a browser of its own is started."""
    opened, browsers = [], []

    def open_one(url, expected=(), further=()):
        browser = chromium
        if further:
            browser = Chromium(further, sessions=1)
            browsers.append(browser)
        opened.append(Window(browser, expected))
        return opened[-1].open(url)

    yield open_one
    faults = []
    for window in opened:
        faults += window.faults()
        window.close()
    for browser in browsers:
        browser.close()
    assert faults == []


@pytest.fixture(scope="package")
def site(tmp_path_factory):
    """The site of all tests that leave it whole."""
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


@pytest.fixture(scope="package")
def worker(site):
    return site.worker()


@pytest.fixture
def call(open_window, worker):
    """Makes an object of a module's class, calls it, and returns what each call answers."""
    window = open_window(f"{worker.url}/login/")

    def run(path, name, made_with, *calls):
        arguments = (f"/static/{path}", name, [made_with, *calls])
        return json.loads(window.driver.execute_async_script(IMPORT, *arguments))

    return run


@pytest.fixture(scope="package")
def boss(site):
    """A superuser: name and password."""
    site.make_user("boss", "b", is_staff=True, is_superuser=True)
    return "boss", "b"


@pytest.fixture
def make_room(site):
    """Makes a room that no other test speaks in; returns its path."""

    def make(**fields):
        slug = f"room-{uuid4().hex[:8]}"
        fields = {"slug": slug, "name": "Room", **fields}
        site.query(lambda: Room.objects.create(**fields))
        return f"/chat/{slug}/"

    return make


@pytest.fixture
def path(make_room):
    """The path of a room that no other test speaks in."""
    return make_room()


@pytest.fixture
def two(worker, open_window, path):
    """Two people in that room."""
    windows = open_window(worker.url + path), open_window(worker.url + path)
    for window in windows:
        window.until_state("connected")
    return windows


@pytest.fixture
def make_text(site):
    """Makes a text that no other test streams; returns the path of its page."""

    def make(body, **fields):
        slug = f"text-{uuid4().hex[:8]}"
        fields = {"slug": slug, "title": slug, "body": body, "interval_ms": 5, **fields}
        site.query(lambda: StreamText.objects.create(**fields))
        return f"/stream/?text={slug}"

    return make


def slug_of(path):
    """The slug of the room at a path."""
    return path.split("/")[2]


def said(site, path):
    """The bodies in the log of the room at a path."""
    entries = Entry.objects.filter(room__slug=slug_of(path)).order_by("seq")
    return site.query(lambda: list(entries.values_list("body", flat=True)))


def write(site, path, *bodies):
    """Writes into the log of the room at a path what another person says."""
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
