"""Starts a contender on cores of its own, reads what it uses, and ends all its processes."""

import contextlib
import os
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from benchmarks.compare.contenders import DATABASE, TEXT, Contender
from benchmarks.compare.installed import PATH, check
from benchmarks.processes import (
    children,
    cpu_seconds,
    exit_on_sigterm,
    memory_bytes,
    pinned,
    raise_file_limit,
    start_time,
    wait_until_gone,
)
from tests.processes import Process, Redis
from tests.shared import free_port

OPEN_FILES = 20_000  # the limit for each contender
PREPARE_SECONDS = 120
DATABASES: dict[str, bytes] = {}  # prepared databases, by contender


class Server(Process):
    """One process of a contender that listens on a free port."""

    def __init__(self, contender: Contender, folder: Path, number: int, **fill: Any):
        self.port = free_port()
        fill |= {"port": self.port, "folder": folder}
        self.probe = f"http://127.0.0.1:{self.port}{contender.probe}"
        self.home = contender.home
        if contender.name == "nchan":
            configuration = (self.home / "nginx.conf").read_text()
            (folder / "nginx.conf").write_text(configuration.replace("PORT", str(self.port)))
        environment = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        environment |= {"PATH": PATH, "TMPDIR": str(folder), "PORT": str(self.port)}
        environment |= {"TEXT_FILE": str(folder / "text"), "INTERVAL_MS": str(fill["interval"])}
        environment |= {name: value.format(**fill) for name, value in contender.environment.items()}
        command = [part.format(**fill) for part in contender.command]
        super().__init__(command, folder / f"{contender.name}-{number}.log", environment)

    def is_ready(self) -> bool:
        try:
            urllib.request.urlopen(self.probe, timeout=5).close()
        except urllib.error.HTTPError as answer:
            answer.close()
        except OSError:
            return False
        return True


class Running:
    """The processes of a contender. Those of `servers` are measured."""

    def __init__(self, contender: Contender, folder: Path, cores: Collection[int]):
        self.contender = contender
        self.cores = cores
        self.folder = folder
        self.servers: list[Server] = []
        self.redis: Process | None = None
        self._processes = contextlib.ExitStack()

    def start(self, workers: int, interval_ms: int) -> None:
        (self.folder / "text").write_text(TEXT)
        fill: dict[str, Any] = {"interval": interval_ms, "redis": ""}
        if self.contender.redis:
            self.redis = self._started(Redis(self.folder))
            fill["redis"] = self.redis.url
        servers = [Server(self.contender, self.folder, n, **fill) for n in range(workers)]
        if self.contender.prepare:
            self._prepare_database(servers[0].environment)
        self.servers += [self._started(server) for server in servers]

    def _prepare_database(self, environment: dict[str, str]) -> None:
        """Makes the database with the contender's commands. Later starts get a copy of it."""
        database = self.folder / DATABASE
        if self.contender.name in DATABASES:
            database.write_bytes(DATABASES[self.contender.name])
            return
        for command in self.contender.prepare:
            done = subprocess.run(
                command,
                cwd=self.contender.home,
                env=environment,
                capture_output=True,
                text=True,
                timeout=PREPARE_SECONDS,
            )
            assert done.returncode == 0, done.stderr
        DATABASES[self.contender.name] = database.read_bytes()

    def _started(self, process: Any) -> Any:
        self._processes.callback(process.close)  # before the start, which may fail
        return process.start()

    @property
    def ports(self) -> list[int]:
        return [server.port for server in self.servers]

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def pids(self) -> list[int]:
        """All server processes, without Redis."""
        mains = [server.running.pid for server in self.servers if server.running]
        return mains + [child for main in mains for child in children(main)]

    @property
    def redis_pid(self) -> int | None:
        return self.redis and self.redis.running.pid

    def stream(self, interval_ms: int) -> str:
        """The URL path of a stream with this interval."""
        return self.contender.stream.format(interval=interval_ms)

    def cpu_seconds(self) -> float:
        """Processor time of all `pids`."""
        return sum(cpu_seconds(server.running.pid) for server in self.servers)

    def all_cpu_seconds(self) -> float:
        """Processor time of all `pids` and of its Redis."""
        return self.cpu_seconds() + (cpu_seconds(self.redis.running.pid) if self.redis else 0.0)

    def memory_bytes(self) -> int:
        """Private memory of all `pids`."""
        return sum(memory_bytes(pid) for pid in self.pids)

    def close(self) -> None:
        started = {pid: start_time(pid) for pid in self.pids}
        self._processes.close()
        wait_until_gone(started)


@contextlib.contextmanager
def started(
    contender: Contender,
    *,
    workers: int = 1,
    interval_ms: int = 20,
    cores: Collection[int] | None = None,
) -> Iterator[Running]:
    """A contender that is ready. The block's end, by an exception too, ends all its processes.

    Raises Missing if it needs something that is not installed. Only Twinstream has more than one
    worker. `interval_ms` is for contenders whose stream is shared.
    """
    check(contender)
    raise_file_limit(OPEN_FILES)
    with (
        exit_on_sigterm(),
        tempfile.TemporaryDirectory(prefix=f"bench-{contender.name}-") as folder,
    ):
        running = Running(contender, Path(folder), cores or os.sched_getaffinity(0))
        try:
            with pinned(cores):
                running.start(workers, interval_ms)
            yield running
        finally:
            running.close()
