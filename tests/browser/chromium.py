"""One Chromium for all tests of a process. Each window in it is another person.

The windows that Selenium opens share cookies and storage. A browser context of Chromium (as of an
incognito window) has its own cookies, storage and connections. This module creates contexts over
the DevTools protocol and drives each of them by a WebDriver session.
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
    # Treat all windows as visible: otherwise Chromium slows their drawing and timers down.
    "--disable-backgrounding-occluded-windows",
    f"--window-size={WIDTH},{HEIGHT}",
]
# Sessions created at the start. A session that is created while windows are open may attach to one
# of them, and would report the console of that window.
SESSIONS = 4


class Chromium:
    """A browser, and the WebDriver sessions for its windows."""

    def __init__(self, extra_arguments: Sequence[str] = (), sessions: int = SESSIONS):
        self.exit_stack = contextlib.ExitStack()
        profile = self.exit_stack.enter_context(
            tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        )
        self.first = self._start([*OPTIONS, *extra_arguments, f"--user-data-dir={profile}"])
        self.exit_stack.callback(self.first.quit)
        self.address = self.first.capabilities["goog:chromeOptions"]["debuggerAddress"]
        with urllib.request.urlopen(f"http://{self.address}/json/version") as answer:
            url = json.load(answer)["webSocketDebuggerUrl"]
        self.socket = self.exit_stack.enter_context(connect(url, max_size=None, ping_interval=None))
        self.message_ids = itertools.count(1)
        self.free = [self._attach() for _ in range(sessions)]

    def _start(self, arguments: Sequence[str]) -> Chrome:
        options = ChromeOptions()
        options.binary_location = need("chromium", "chromium-browser", "google-chrome")
        for argument in arguments:
            options.add_argument(argument)
        return Chrome(options, ChromeService(need("chromedriver")))

    def _attach(self) -> Chrome:
        """Creates another session for the running browser."""
        options = ChromeOptions()
        options.debugger_address = self.address
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = Chrome(options, ChromeService(need("chromedriver")))
        self.exit_stack.callback(driver.quit)
        return driver

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Sends a DevTools command to the browser and returns its result."""
        number = next(self.message_ids)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    # ---- Contexts --------------------------------------------------------------------

    def open_context(self) -> tuple[Chrome, str]:
        """Creates a context with an empty page. Returns its session and the id of the context."""
        context = self.command("Target.createBrowserContext")["browserContextId"]
        page = self.open_page(context, newWindow=True, width=WIDTH, height=HEIGHT)
        driver = self.free.pop() if self.free else self._attach()
        driver.switch_to.window(page)
        driver.get_log("browser")  # discards the log of the session's last window
        return driver, context

    def open_page(self, context: str, **where: Any) -> str:
        """Opens an empty page in a context, in front of its other tabs. Returns its handle."""
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
        """Closes all pages of a context and deletes its cookies and storage."""
        self.command("Target.disposeBrowserContext", browserContextId=context)
        self.free.append(driver)

    def close(self) -> None:
        self.exit_stack.close()
