"""Sites of real processes for live tests: workers under `runserver` or Daphne, perhaps a Redis.

The fixtures of tests/conftest.py start them on free ports of the loopback address and end them.
"""

import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tests.databases import Postgres, manage, site_environment, sqlite_file
from tests.processes import Process, QuickProcess, Redis
from tests.shared import free_port
from tests.site_database import make_user, run_on_database

Result = TypeVar("Result")


class Worker(QuickProcess):
    """One process that serves the site."""

    def __init__(self, site: "Site", name: str, server: str, options: tuple[str, ...] = ()):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws = f"ws://127.0.0.1:{self.port}"
        if server == "runserver":
            command = ["manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"]
        else:
            command = ["-m", server, "-b", "127.0.0.1", "-p", str(self.port), *options]
            command += ["config.asgi:application"]
        log = site.folder / f"{name}.log"
        super().__init__([sys.executable, *command], log, site.environment)

    def is_ready(self) -> bool:
        # As a proxy would: a site for HTTPS only would redirect other requests.
        headers = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}
        try:
            request = urllib.request.Request(f"{self.url}/login/", headers=headers)
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False


class Site:
    """A database, perhaps a Redis, and the workers that serve them."""

    def __init__(
        self,
        folder: Path,
        *,
        redis: bool = False,
        postgres: bool = False,
        development: bool = False,
        server: str = "config.server",
        **settings: str,
    ):
        self.folder = folder
        self.server = "runserver" if development else server
        self.processes: list[Process] = []
        self.environment = site_environment() | {"TMPDIR": str(folder)}
        if development:
            self.environment["SECRET_KEY"] = ""
        try:
            if postgres:
                self.postgres = self._begin(Postgres())
                self.environment["DATABASE_URL"] = self.postgres.url
            else:
                file = folder / "site.sqlite3"
                shutil.copyfile(sqlite_file(), file)
                self.environment["DATABASE_URL"] = f"sqlite:///{file}"
            if redis:
                self.redis = self._begin(Redis(folder))
                self.environment["REDIS_URL"] = self.redis.url
            self.environment |= settings
        except BaseException:
            self.close()
            raise

    def _begin(self, process):
        self.processes.append(process)
        return process.start()

    def manage(self, *arguments: str) -> str:
        """Runs a command of manage.py; returns its output."""
        return manage(self.environment, *arguments)

    def shell(self, code: str) -> str:
        """Runs Python code in `manage.py shell`, and returns its output. The process reports
        changes to the workers. Where that is not needed, `query` is faster."""
        return self.manage("shell", "-v0", "-c", code)

    def query(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Runs a function on the site's database; returns its result."""
        return run_on_database(self.environment["DATABASE_URL"], function, *arguments)

    def make_user(self, name: str, password: str, **fields: Any) -> int:
        """Creates a user who can log in; returns the primary key."""
        return self.query(make_user, name, password, fields)

    def worker(self, name: str = "worker", *options: str) -> Worker:
        """Starts another worker."""
        return self._begin(Worker(self, name, self.server, options))

    def close(self) -> None:
        for process in reversed(self.processes):
            process.close()
