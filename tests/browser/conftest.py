"""Sites of real processes, and windows of a real Chromium that look at them."""

import json
from uuid import uuid4

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from tests.browser.window import Window
from tests.processes import need
from tests.servers import Site

OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
]
IMPORT = """
const [path, name, calls, done] = arguments;
import(path).then((module) => {
  const made = new module[name](...(calls.shift()));
  const answers = calls.map(([method, ...given]) =>
    typeof made[method] === "function" ? made[method](...given) : made[method]);
  done(JSON.stringify(answers.map((answer) => answer ?? null)));
}, (error) => done(JSON.stringify(String(error))));
"""


@pytest.fixture
def open_window(tmp_path):
    """Opens windows, and closes them after the test. Their consoles must have no errors."""
    opened = []

    def open_one(url, expected=(), further=()):
        options = ChromeOptions()
        options.binary_location = need("chromium", "chromium-browser", "google-chrome")
        profile = tmp_path / f"profile-{len(opened)}"
        for option in [*OPTIONS, *further, f"--user-data-dir={profile}"]:
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = Chrome(options, ChromeService(need("chromedriver")))
        opened.append(Window(driver, expected))
        return opened[-1].open(url)

    yield open_one
    faults = []
    for window in opened:
        faults += window.faults()
        window.driver.quit()
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
    site.shell("User.objects.create_superuser('boss', password='b')")
    return "boss", "b"


@pytest.fixture
def make_room(site):
    """Makes a room that no other test speaks in; returns its path."""

    def make(**fields):
        slug = f"room-{uuid4().hex[:8]}"
        fields = {"slug": slug, "name": "Room", **fields}
        site.shell(f"from chat.models import Room\nRoom.objects.create(**{fields!r})")
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
        site.shell(f"StreamText.objects.create(**{fields!r})")
        return f"/stream/?text={slug}"

    return make


def said(site, path):
    """The bodies in the log of the room at a path."""
    room = path.split("/")[-2]
    return ask(
        site, f"list(Entry.objects.filter(room__slug={room!r}).values_list('body', flat=True))"
    )


def ask(site, expression, before=""):
    """The value of a Python expression that is evaluated where the site's models are."""
    return json.loads(site.shell(f"{before}\nimport json\nprint(json.dumps({expression}))"))
