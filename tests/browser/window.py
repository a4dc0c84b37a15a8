"""A window of a real Chromium: the actions of a person, and the content of the page."""

from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browser.chromium import Chromium

WAIT_SECONDS = 90  # on a machine with other load
POLL_SECONDS = 0.05
# Console errors while a server is away.
OUTAGE = ("net::ERR_", "WebSocket connection to")
# Counts the page's EventSources and their errors. With `ignoreMessages`, WebSockets drop messages.
WATCH = """
window.sources = [];
window.errorCount = 0;
window.EventSource = class extends EventSource {
  constructor(...given) {
    super(...given);
    sources.push(this);
    this.addEventListener("error", () => (errorCount += 1));
  }
};
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", (event) => {
      if (window.ignoreMessages) event.stopImmediatePropagation();
    });
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
RAW_EVENTS = """
return Array.from(document.querySelectorAll("#rows tr"), (row) =>
  Array.from(row.cells, (cell) => cell.textContent));
"""


class Window:
    """The browser of one person: a context of Chromium with its tabs."""

    def __init__(self, browser: Chromium, expected: tuple[str, ...]):
        self.browser = browser
        self.expected = expected
        self.driver, self.context, console = browser.open_context()
        self.consoles = [console]
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})

    def close(self):
        """Closes all tabs of this person."""
        self.browser.close_context(self.driver, self.context)

    # ---- Actions ----

    def open(self, url):
        self.driver.get(url)
        return self

    def open_tab(self, url):
        """Opens a new tab of the same person. Returns the handle of the tab that was in front."""
        previous = self.driver.current_window_handle
        page, console = self.browser.open_page(self.context)
        self.consoles.append(console)
        self.driver.switch_to.window(page)
        self.open(url)
        return previous

    def switch_to(self, tab):
        """Brings a tab to the front."""
        self.driver.switch_to.window(tab)

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
        """Sends keys to the focused element."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def say(self, text):
        self.find("#body").send_keys(text, Keys.ENTER)

    def point_at(self, body):
        """Moves the mouse over the message with this body."""
        rows = self.driver.find_elements(By.CSS_SELECTOR, "#log > li[data-state] .body")
        row = next(row for row in rows if row.text == body)
        ActionChains(self.driver).move_to_element(row).perform()

    def actions_of(self, body):
        """The texts of the visible buttons of the message with this body."""
        self.point_at(body)
        return [button.text for button in self.buttons() if button.is_displayed()]

    def buttons(self):
        return self.driver.find_elements(By.CSS_SELECTOR, "#log .actions button")

    def click_actions(self, body, *names):
        """Clicks buttons of the message with this body, one after the other."""
        self.point_at(body)
        for name in names:
            shown = [button for button in self.buttons() if button.is_displayed()]
            next(button for button in shown if button.text == name).click()

    def edit_message(self, body, text):
        """Edits the message with this body."""
        self.click_actions(body, "Edit")
        self.fill("#body", text)
        self.press(Keys.ENTER)

    def log_in(self, url, name, password):
        self.open(f"{url}/admin/")
        self.fill("#id_username", name)
        self.fill("#id_password", password)
        self.click("[type=submit]")
        self.until(lambda: self.run("return !document.querySelector('#id_password')"))

    # ---- Content of the page ----

    def other_tabs(self):
        """The handles of this person's other tabs."""
        pages = [page["targetId"] for page in self.browser.pages(self.context)]
        return [page for page in pages if page != self.driver.current_window_handle]

    def titles(self):
        """The titles of all tabs. Does not bring a tab to the front."""
        return [page["title"] for page in self.browser.pages(self.context)]

    def text(self, selector):
        """The text of an element. None while there is none, as when a page is just loaded."""
        return self.run("return document.querySelector(arguments[0])?.textContent", selector)

    def state(self):
        return self.run("return document.querySelector('#state').dataset.state")

    def raw_events(self):
        """The rows of the table of raw events: id, event and data."""
        return self.run(RAW_EVENTS)

    def sources(self):
        """The readyState of every EventSource that the page has made."""
        return self.run("return sources.map((source) => source.readyState)")

    def rows(self):
        """The shown messages."""
        return self.run(ROWS)

    def bodies(self):
        return [row["body"] for row in self.rows()]

    def console_errors(self):
        """The errors in the consoles of the tabs, except the expected ones."""
        errors = self.browser.console_errors(self.consoles)
        return [text for text in errors if not any(known in text for known in self.expected)]

    # ---- Waiting ----

    def until(self, condition):
        wait = WebDriverWait(self.driver, WAIT_SECONDS, poll_frequency=POLL_SECONDS)
        try:
            return wait.until(lambda _: condition())
        except TimeoutException:
            page = self.run("return document.body.innerText")
            raise AssertionError(
                f"The condition did not become true. The page shows: {page}"
            ) from None

    def until_state(self, state):
        self.until(lambda: self.state() == state)

    def until_bodies(self, *bodies):
        self.until(lambda: self.bodies() == list(bodies))

    def until_sent(self, *bodies):
        """Waits until exactly these messages are shown, and each of them is in the log."""
        wanted = [(body, "sent") for body in bodies]
        self.until(lambda: [(row["body"], row["state"]) for row in self.rows()] == wanted)
