"""One Chromium for all tests of a process, in which each window is a person of its own.

Selenium opens windows that share their cookies and their storage. Chromium itself has browser
contexts, as those of incognito windows: each has cookies, storage and connections of its own.
They are made over the DevTools protocol, and each is then driven by a WebDriver session.
"""

import contextlib
import itertools
import json
import tempfile
import urllib.request
from collections.abc import Sequence
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from websockets.sync.client import connect

from tests.processes import need

WIDTH, HEIGHT = 1280, 900
OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    # All windows are in front: none is drawn more slowly, or has slower timers.
    "--disable-backgrounding-occluded-windows",
    f"--window-size={WIDTH},{HEIGHT}",
]
# Sessions that are made at the start. A session that is made while windows are open may begin at
# one of them, and would then report what is in the console of that one.
SESSIONS = 4


class Chromium:
    """A browser, and the sessions by which its windows are driven."""

    def __init__(self, further: Sequence[str] = (), sessions: int = SESSIONS):
        self.ends = contextlib.ExitStack()
        profile = self.ends.enter_context(
            tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        )
        self.first = self._start([*OPTIONS, *further, f"--user-data-dir={profile}"])
        self.ends.callback(self.first.quit)
        self.address = self.first.capabilities["goog:chromeOptions"]["debuggerAddress"]
        with urllib.request.urlopen(f"http://{self.address}/json/version") as answer:
            url = json.load(answer)["webSocketDebuggerUrl"]
        self.socket = self.ends.enter_context(connect(url, max_size=None, ping_interval=None))
        self.numbers = itertools.count(1)
        self.free = [self._attach() for _ in range(sessions)]

    def _start(self, arguments: Sequence[str]) -> Chrome:
        options = ChromeOptions()
        options.binary_location = need("chromium", "chromium-browser", "google-chrome")
        for argument in arguments:
            options.add_argument(argument)
        return Chrome(options, ChromeService(need("chromedriver")))

    def _attach(self) -> Chrome:
        """One more session with the browser that runs."""
        options = ChromeOptions()
        options.debugger_address = self.address
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = Chrome(options, ChromeService(need("chromedriver")))
        self.ends.callback(driver.quit)
        return driver

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the DevTools protocol to the browser itself."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    # ---- Contexts --------------------------------------------------------------------

    def open_context(self) -> tuple[Chrome, str]:
        """A session at an empty page of a new context, and the name of the context."""
        context = self.command("Target.createBrowserContext")["browserContextId"]
        page = self.open_page(context, newWindow=True, width=WIDTH, height=HEIGHT)
        driver = self.free.pop() if self.free else self._attach()
        driver.switch_to.window(page)
        driver.get_log("browser")  # of whoever had this session before
        return driver, context

    def open_page(self, context: str, **where: Any) -> str:
        """An empty page of a context: a tab in front of its other ones. Returns its handle."""
        made = self.command(
            "Target.createTarget", url="about:blank", browserContextId=context, **where
        )
        return made["targetId"]

    def pages(self, context: str) -> list[dict[str, Any]]:
        """The pages of a context: `targetId`, `title`, `url`."""
        found = self.command("Target.getTargets")["targetInfos"]
        pages = [target for target in found if target["type"] == "page"]
        return [page for page in pages if page.get("browserContextId") == context]

    def close_context(self, driver: Chrome, context: str) -> None:
        """Closes all pages of a context, and forgets its cookies and its storage."""
        self.command("Target.disposeBrowserContext", browserContextId=context)
        self.free.append(driver)

    def close(self) -> None:
        self.ends.close()
