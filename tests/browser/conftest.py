"""Sites of real processes, and windows of a real Chromium that look at them."""

import json
from uuid import uuid4

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.servers import Site, need

WAIT_SECONDS = 30
POLL_SECONDS = 0.05
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
# What a console says of a server that is away.
OUTAGE = ("net::ERR_", "WebSocket connection to")
# Lets a test look at the page's connections, and cut their ears off.
WATCH = """
window.sources = [];
window.breaks = 0;
window.EventSource = class extends EventSource {
  constructor(...given) {
    super(...given);
    sources.push(this);
    this.addEventListener("error", () => (breaks += 1));
  }
};
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", (event) => window.deaf && event.stopImmediatePropagation());
  }
};
"""
ROWS = """
return Array.from(document.querySelectorAll("#log > li[data-state]"), (row) => ({
  ...row.dataset,
  body: row.querySelector(".body").textContent,
  author: row.querySelector(".author").textContent,
  own: row.classList.contains("own"),
  note: row.querySelector(".why").textContent,
  quote: row.querySelector(".quote").hidden ? null : row.querySelector(".quote").textContent,
}));
"""
IMPORT = """
const [path, name, calls, done] = arguments;
import(path).then((module) => {
  const made = new module[name](...(calls.shift()));
  const answers = calls.map(([method, ...given]) =>
    typeof made[method] === "function" ? made[method](...given) : made[method]);
  done(JSON.stringify(answers.map((answer) => answer ?? null)));
}, (error) => done(JSON.stringify(String(error))));
"""
WIRE = """
return Array.from(document.querySelectorAll("#rows tr"), (row) =>
  Array.from(row.cells, (cell) => cell.textContent));
"""


class Window:
    """One Chromium with a profile of its own."""

    def __init__(self, driver: Chrome, expected: tuple[str, ...]):
        self.driver = driver
        self.expected = expected
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})

    # ---- Acting ----

    def open(self, url):
        self.driver.get(url)
        return self

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def cdp(self, command, **fields):
        return self.driver.execute_cdp_cmd(command, fields)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        self.find(selector).click()

    def fill(self, selector, text):
        self.find(selector).clear()
        self.find(selector).send_keys(text)

    def choose(self, selector, value):
        Select(self.find(selector)).select_by_value(value)

    def press(self, *keys):
        """Presses keys where the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def say(self, text):
        self.find("#body").send_keys(text, Keys.ENTER)

    def point_at(self, body):
        """Moves the mouse onto the message with this body."""
        rows = self.driver.find_elements(By.CSS_SELECTOR, "#log > li[data-state] .body")
        row = next(row for row in rows if row.text == body)
        ActionChains(self.driver).move_to_element(row).perform()

    def offers(self, body):
        """What can be done with the message with this body."""
        self.point_at(body)
        return [button.text for button in self.buttons() if button.is_displayed()]

    def buttons(self):
        return self.driver.find_elements(By.CSS_SELECTOR, "#log .actions button")

    def choose_for(self, body, *names):
        """Presses buttons of the message with this body, one after the other."""
        self.point_at(body)
        for name in names:
            shown = [button for button in self.buttons() if button.is_displayed()]
            next(button for button in shown if button.text == name).click()

    def rewrite(self, body, text):
        """Gives one's message other words."""
        self.choose_for(body, "Edit")
        self.fill("#body", text)
        self.press(Keys.ENTER)

    def log_in(self, url, name, password):
        self.open(f"{url}/admin/")
        self.fill("#id_username", name)
        self.fill("#id_password", password)
        self.click("[type=submit]")
        self.until(lambda: self.run("return !document.querySelector('#id_password')"))

    # ---- Looking ----

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def state(self):
        return self.run("return document.querySelector('#state').dataset.state")

    def wire(self):
        """The rows of the drawer: id, event and data."""
        return self.run(WIRE)

    def sources(self):
        """The readyState of every EventSource that the page has made."""
        return self.run("return sources.map((source) => source.readyState)")

    def rows(self):
        """The messages as they are shown."""
        return self.run(ROWS)

    def bodies(self):
        return [row["body"] for row in self.rows()]

    def faults(self):
        """What the console calls an error, but for what is expected."""
        log = self.driver.get_log("browser")
        said = [entry["message"] for entry in log if entry["level"] == "SEVERE"]
        return [text for text in said if not any(known in text for known in self.expected)]

    # ---- Waiting ----

    def until(self, condition):
        wait = WebDriverWait(self.driver, WAIT_SECONDS, poll_frequency=POLL_SECONDS)
        try:
            return wait.until(lambda _: condition())
        except TimeoutException:
            page = self.run("return document.body.innerText")
            raise AssertionError(f"The page stayed like this: {page}") from None

    def until_state(self, state):
        self.until(lambda: self.state() == state)

    def until_bodies(self, *bodies):
        self.until(lambda: self.bodies() == list(bodies))

    def until_sent(self, *bodies):
        """Waits until exactly these are shown, each with its place in the log."""
        wanted = [(body, "sent") for body in bodies]
        self.until(lambda: [(row["body"], row["state"]) for row in self.rows()] == wanted)


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
