"""A contender that runs: started afresh, pinned, counted, and ended with all that it started."""

import contextlib
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from benchmarks.compare.contenders import CONTENDERS, PEERS, TEXT, TEXT_SLUG, Contender
from benchmarks.compare.ending import leaving_when_told, see_gone
from benchmarks.compare.installed import PATH, check
from benchmarks.processes import (
    allow_many_files,
    begun,
    children,
    cpu_seconds,
    memory_bytes,
    pinned,
)
from tests.processes import Process, Redis
from tests.servers import Site
from tests.shared import free_port
from tests.stress.run import NO_LIMIT

FILES = 20_000  # that each contender may have open, whatever it is


class Peer(Process):
    """A server of somebody else's."""

    def __init__(self, contender: Contender, folder: Path, **fill: Any):
        self.port = free_port()
        fill |= {"port": self.port, "folder": folder}
        self.probe = f"http://127.0.0.1:{self.port}{contender.probe}"
        self.home = PEERS / contender.folder
        if contender.folder == "nchan":
            configuration = (self.home / "nginx.conf").read_text()
            (folder / "nginx.conf").write_text(configuration.replace("PORT", str(self.port)))
        environment = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        environment |= {"PATH": PATH, "TMPDIR": str(folder), "PORT": str(self.port)}
        environment |= {"TEXT_FILE": str(folder / "text"), "INTERVAL_MS": str(fill["interval"])}
        environment |= {name: value.format(**fill) for name, value in contender.environment.items()}
        command = [part.format(**fill) for part in contender.command]
        super().__init__(command, folder / f"{contender.name}.log", environment)

    def is_ready(self) -> bool:
        try:
            urllib.request.urlopen(self.probe, timeout=5).close()
        except urllib.error.HTTPError as answer:
            answer.close()
        except OSError:
            return False
        return True


class Running:
    """The processes of a contender. Those of `servers` are what is measured."""

    def __init__(self, contender: Contender, folder: Path, cores: Collection[int]):
        self.contender = contender
        self.cores = cores
        self.folder = folder
        self.servers: list[Process] = []
        self.redis: Process | None = None
        self._ends = contextlib.ExitStack()

    def start(self, workers: int, interval_ms: int, settings: dict[str, str]) -> None:
        if self.contender.folder is None:
            self._start_site(workers, settings)
        else:
            self._start_peer(interval_ms)

    def _start_site(self, workers: int, settings: dict[str, str]) -> None:
        site = Site(self.folder, redis=True, **NO_LIMIT | settings)
        self._ends.callback(site.close)
        self.redis = site.redis
        site.shell(
            "from streaming.models import StreamText; "
            f"StreamText.objects.create(slug={TEXT_SLUG!r}, title='Bench', body={TEXT!r})"
        )
        self.servers += [site.worker(f"worker-{number}") for number in range(workers)]

    def _start_peer(self, interval_ms: int) -> None:
        (self.folder / "text").write_text(TEXT)
        fill: dict[str, Any] = {"interval": interval_ms, "redis": ""}
        if self.contender.redis:
            self.redis = self._begun(Redis(self.folder))
            fill["redis"] = self.redis.url
        self.servers.append(self._begun(Peer(self.contender, self.folder, **fill)))

    def _begun(self, process: Any) -> Any:
        self._ends.callback(process.close)  # also if it never gets ready
        return process.start()

    @property
    def ports(self) -> list[int]:
        return [server.port for server in self.servers]

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def pids(self) -> list[int]:
        """All processes that serve; Redis is not one of them."""
        mains = [server.running.pid for server in self.servers]
        return mains + [child for main in mains for child in children(main)]

    @property
    def redis_pid(self) -> int | None:
        return self.redis and self.redis.running.pid

    def stream(self, interval_ms: int) -> str:
        """The path of a stream at such a pace."""
        return self.contender.stream.format(interval=interval_ms)

    def cpu_seconds(self) -> float:
        """Processor time that all of `pids` have used."""
        return sum(cpu_seconds(server.running.pid) for server in self.servers)

    def all_cpu_seconds(self) -> float:
        """With what its Redis has used."""
        return self.cpu_seconds() + (cpu_seconds(self.redis.running.pid) if self.redis else 0.0)

    def memory_bytes(self) -> int:
        """What all of `pids` hold in memory that is theirs alone."""
        return sum(memory_bytes(pid) for pid in self.pids)

    def logs(self) -> str:
        """What its processes have written, for whoever looks for what went wrong."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        mains = [server.running.pid for server in self.servers if server.running]
        everyone = mains + [child for main in mains for child in children(main)]
        those = {pid: begun(pid) for pid in everyone}
        self._ends.close()
        see_gone(those)


@contextlib.contextmanager
def started(
    name: str,
    *,
    workers: int = 1,
    interval_ms: int = 20,
    cores: Collection[int] | None = None,
    **settings: str,
) -> Iterator[Running]:
    """A contender, answering. At the end of the block, however it ends, nothing of it is left.

    Missing, if something that it needs is not here. More than one worker, and settings, are for
    Twinstream alone; `interval_ms` for those whose stream is shared.
    """
    contender = CONTENDERS[name]
    check(contender)
    allow_many_files(FILES)
    with leaving_when_told(), tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
        running = Running(contender, Path(folder), cores or os.sched_getaffinity(0))
        try:
            with pinned(cores):
                running.start(workers, interval_ms, settings)
            yield running
        finally:
            running.close()
