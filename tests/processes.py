"""Processes that tests start, and the programs that they need."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared import free_port

ROOT = Path(__file__).resolve().parents[1]
# On a machine with other load, a start takes ten times as long as on an idle machine.
START_SECONDS = 120
STOP_SECONDS = 30
# Debian installs PostgreSQL's programs outside PATH, in a folder for each version.
POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"


def need(*programs: str) -> str:
    """The path of the first program that exists. Without any, a test in CI fails, and any other
    is skipped with a message."""
    folders = [os.environ.get("PATH", os.defpath), *map(str, Path("/").glob(POSTGRES_FOLDERS[1:]))]
    for program in programs:
        if path := shutil.which(program, path=os.pathsep.join(folders)):
            return path
    missing = f"{programs[0]} is missing; `make test` installs it where it may"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def process_parents() -> Iterator[tuple[int, int]]:
    """Yields the id of each process of this machine and the id of its parent."""
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            yield int(folder.name), int((folder / "stat").read_text().rpartition(")")[2].split()[1])


class Process:
    """A process that can be stopped, killed and started again on its port."""

    user: str | None = None  # the user that runs the process, if not this user
    passed: tuple[int, ...] = ()  # file descriptors that the process inherits
    home = ROOT  # the working directory
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
            time.sleep(0.02)  # there is no event for an open port

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
        """Stops the process and frees its resources."""
        self.stop()

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def pause(self) -> None:
        self.running.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.running.send_signal(signal.SIGCONT)


class QuickProcess(Process):
    """A process without child processes. It is killed when its test is over."""

    def close(self) -> None:
        self.kill()


class Redis(QuickProcess):
    """A redis-server that stores nothing on disk."""

    def __init__(self, folder: Path):
        self.port = free_port()
        program = need("redis-server")
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder)]
        super().__init__(
            [program, *where, "--save", "", "--appendonly", "no"], folder / "redis.log"
        )
        self.url = f"redis://127.0.0.1:{self.port}/0"
