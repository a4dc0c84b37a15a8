"""One Chromium for all tests of a process. Each window in it is another person.

The windows that Selenium opens share cookies and storage. A browser context of Chromium (as of an
incognito window) has its own cookies, storage and connections. This module creates contexts over
the DevTools protocol and drives each of them by a WebDriver session.
"""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from websockets.sync.client import connect

from tests.processes import START_SECONDS, STOP_SECONDS, need

WIDTH, HEIGHT = 1280, 900
# Debian's headless shell draws the same pages as its Chromium with half of the processor time: it
# has no windows of a desktop around them. Chromium itself is used where the shell is missing.
DESKTOP = ("chromium", "chromium-browser", "google-chrome")
PROGRAMS = ("chromium-headless-shell", *DESKTOP)
OPTIONS = [
    "--headless=new",  # the shell knows no other mode, and ignores it
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
# WebDriver sessions created at the start; more are created when they are needed.
SESSIONS = 4


def end(process: subprocess.Popen) -> None:
    """Ends the processes of a session: Debian's program is a script that starts the browser."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Chromium:
    """A browser, and the WebDriver sessions for its windows."""

    def __init__(
        self,
        extra_arguments: Sequence[str] = (),
        sessions: int = SESSIONS,
        programs: Sequence[str] = PROGRAMS,
    ):
        self.exit_stack = contextlib.ExitStack()
        profile = self.exit_stack.enter_context(
            tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        )
        self.address = self._start([need(*programs), *OPTIONS, *extra_arguments], Path(profile))
        with urllib.request.urlopen(f"http://{self.address}/json/version") as answer:
            url = json.load(answer)["webSocketDebuggerUrl"]
        self.socket = self.exit_stack.enter_context(connect(url, max_size=None, ping_interval=None))
        self.message_ids = itertools.count(1)
        # Errors in the console of each page, by the id of the DevTools session of the page. The
        # log of a WebDriver session would mix the pages of all windows.
        self.errors: dict[str, list[str]] = {}
        self.free = [self._attach() for _ in range(sessions)]

    def _start(self, command: list[str], profile: Path) -> str:
        """Starts the browser. Returns the address of its DevTools server."""
        where = [f"--user-data-dir={profile}", "--remote-debugging-port=0"]
        browser = subprocess.Popen(
            [*command, *where, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.exit_stack.callback(end, browser)
        port_file = profile / "DevToolsActivePort"  # its first line is the port
        deadline = time.monotonic() + START_SECONDS
        while not (port_file.exists() and port_file.read_text().count("\n")):
            assert browser.poll() is None, "the browser ended during its start"
            assert time.monotonic() < deadline, "the browser does not start"
            time.sleep(0.02)  # there is no event for a file
        return f"127.0.0.1:{port_file.read_text().splitlines()[0]}"

    def _attach(self) -> Chrome:
        """Creates another session for the running browser."""
        options = ChromeOptions()
        options.debugger_address = self.address
        driver = Chrome(options, ChromeService(need("chromedriver")))
        self.exit_stack.callback(driver.quit)
        return driver

    def command(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Sends a DevTools command to the browser, or to the page of a session, and returns its
        result."""
        number = next(self.message_ids)
        message = {"id": number, "method": method, "params": parameters}
        self.socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            self._record(answer)
        assert "error" not in answer, answer
        return answer["result"]

    # ---- Consoles --------------------------------------------------------------------

    def _watch_console(self, page: str) -> str:
        """Records the errors in the console of a page. Returns the id of a session."""
        attached = self.command("Target.attachToTarget", targetId=page, flatten=True)
        session = attached["sessionId"]
        self.errors[session] = []
        self.command("Log.enable", session)
        self.command("Runtime.enable", session)
        return session

    def _record(self, event: dict[str, Any]) -> None:
        """Records an event if it is an error in a console."""
        errors, details = self.errors.get(event.get("sessionId", "")), event.get("params", {})
        if errors is None:
            return
        match event["method"]:
            case "Log.entryAdded" if details["entry"]["level"] == "error":
                errors.append(f"{details['entry'].get('url', '')} - {details['entry']['text']}")
            case "Runtime.exceptionThrown":
                errors.append(json.dumps(details["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if details["type"] in ("error", "assert"):
                errors.append(json.dumps(details["args"]))

    def console_errors(self, sessions: Sequence[str]) -> list[str]:
        """The errors in the consoles of these sessions since the last call."""
        self.command("Browser.getVersion")  # The events before its answer are recorded.
        found = []
        for session in sessions:
            found += self.errors[session]
            self.errors[session] = []
        return found

    # ---- Contexts --------------------------------------------------------------------

    def open_context(self) -> tuple[Chrome, str, str]:
        """Creates a context with an empty page. Returns its WebDriver session, the id of the
        context, and the id of the DevTools session of the page."""
        context = self.command("Target.createBrowserContext")["browserContextId"]
        page, console = self.open_page(context, newWindow=True, width=WIDTH, height=HEIGHT)
        driver = self.free.pop() if self.free else self._attach()
        driver.switch_to.window(page)
        return driver, context, console

    def open_page(self, context: str, **where: Any) -> tuple[str, str]:
        """Opens an empty page in a context, in front of its other tabs. Returns its handle and the
        id of its DevTools session."""
        made = self.command(
            "Target.createTarget", url="about:blank", browserContextId=context, **where
        )
        return made["targetId"], self._watch_console(made["targetId"])

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
