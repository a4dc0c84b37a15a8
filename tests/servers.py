"""Real processes for live tests: Redis, PostgreSQL, and workers under `runserver` or Daphne.

A fixture of each folder starts them on free ports of the loopback address and ends them.
"""

import contextlib
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[1]
# What config/settings.py reads. A process that is told that each is empty takes none of them
# from the `.env` of whoever runs the tests.
READ = r'(?:read\(env\.\w+, |whole\(|names\(|origins\()"([A-Z_]+)"'
SETTINGS = set(re.findall(READ, (ROOT / "config" / "settings.py").read_text()))
UNSET = dict.fromkeys(SETTINGS, "")
START_SECONDS = 30
STOP_SECONDS = 10


# Below those that the system gives to outgoing connections: while a worker is down, a client
# that tries its port might be given that very port, and would be connected to itself.
PORTS = range(20_000, 32_000)
# Debian keeps PostgreSQL's programs off the path, in a folder a version.
POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"


def free_port() -> int:
    """A port that nobody listens on now."""
    while True:
        port = random.choice(PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def need(*programs: str) -> str:
    """The path of a program, under one of its names. Without it a run in CI fails, and any
    other skips the test and says so."""
    folders = [os.environ.get("PATH", os.defpath), *map(str, Path("/").glob(POSTGRES_FOLDERS[1:]))]
    for program in programs:
        if path := shutil.which(program, path=os.pathsep.join(folders)):
            return path
    missing = f"{programs[0]} is missing; `make test` installs it where it may"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


class Process:
    """A process that can be stopped, killed and started again on its port."""

    user: str | None = None  # whose process it is, if not ours
    passed: tuple[int, ...] = ()  # descriptors that it is handed down
    home = ROOT  # where its code lies
    start_seconds = START_SECONDS
    stop_seconds = STOP_SECONDS

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None):
        self.command = command
        self.log = log
        self.environment = environment
        self.running: subprocess.Popen | None = None

    def start(self):
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                cwd=self.home,
                env=self.environment,
                user=self.user,
                pass_fds=self.passed,
            )
        self.wait_until_ready()
        return self

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not self.is_ready():
            assert self.running.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)  # nothing tells when a port is open

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.running is None:
            return
        self.running.send_signal(how)
        try:
            self.running.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()
        self.running = None

    def close(self) -> None:
        """Ends it for good."""
        self.stop()

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def pause(self) -> None:
        self.running.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.running.send_signal(signal.SIGCONT)


class Redis(Process):
    """A redis-server that keeps nothing."""

    def __init__(self, folder: Path):
        self.port = free_port()
        program = need("redis-server")
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder)]
        super().__init__(
            [program, *where, "--save", "", "--appendonly", "no"], folder / "redis.log"
        )
        self.url = f"redis://127.0.0.1:{self.port}/0"


class Postgres(Process):
    """A PostgreSQL cluster of its own, in a folder that goes with it."""

    def __init__(self):
        self.port = free_port()
        program, initdb = need("postgres"), need("initdb")
        # Not in the folder of a test, which is closed to other users.
        self.folder = tempfile.TemporaryDirectory(prefix="postgres-")
        home = Path(self.folder.name)
        data = str(home / "data")
        if os.geteuid() == 0:  # as which it refuses to run
            self.user = unprivileged()
            shutil.chown(home, self.user)
        where = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": ""}
        quick = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
        # What waits for a lock that nobody gives back fails, and says for which.
        patience = {"lock_timeout": "60s"}
        settings = where | quick | patience
        options = [f"-c{name}={value}" for name, value in settings.items()]
        super().__init__([program, "-D", data, *options], home / "postgres.log")
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        subprocess.run(
            [initdb, "-D", data, "-Upostgres", "-Atrust", "-EUTF8", "--locale=C", "--no-sync"],
            check=True,
            capture_output=True,
            cwd="/",
            user=self.user,
        )

    def is_ready(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False

    def stop(self, how: int = signal.SIGINT) -> None:
        """Ends it without waiting for its clients, which SIGTERM would."""
        super().stop(how)

    def close(self) -> None:
        self.stop()
        self.folder.cleanup()


def unprivileged() -> str:
    """A user who may run what root may not."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


class Worker(Process):
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
        # To a site for HTTPS alone, as the proxy in front of it would speak.
        headers = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}
        try:
            asked = urllib.request.Request(f"{self.url}/login/", headers=headers)
            with urllib.request.urlopen(asked, timeout=5) as answer:
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
        self.environment = UNSET | {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
        }
        self.environment |= {
            "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
            "TMPDIR": str(folder),
            "PYTHONWARNINGS": "default",
        }
        if not development:
            self.environment["SECRET_KEY"] = "a key of the test run " * 3
        try:
            if postgres:
                self.postgres = self._begin(Postgres())
                self.environment["DATABASE_URL"] = self.postgres.url
            if redis:
                self.redis = self._begin(Redis(folder))
                self.environment["REDIS_URL"] = self.redis.url
            self.environment |= settings
            self.manage("migrate", "-v0")
            self.manage("demo")
        except BaseException:
            self.close()
            raise

    def _begin(self, process):
        self.processes.append(process)
        return process.start()

    def manage(self, *arguments: str) -> str:
        """Runs a command of manage.py, and returns what it said."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, code: str) -> str:
        """Runs Python with the site's models at hand, and returns what it printed."""
        return self.manage("shell", "-v0", "-c", code)

    def worker(self, name: str = "worker", *options: str) -> Worker:
        """One more worker, started."""
        return self._begin(Worker(self, name, self.server, options))

    def close(self) -> None:
        for process in reversed(self.processes):
            process.close()
