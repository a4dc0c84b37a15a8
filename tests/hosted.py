"""A hosted site for tests, as `make serve` starts it: supervisor, nginx, workers and Redis."""

import contextlib
import os
import random
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from tests.processes import ROOT, Process, need, process_parents
from tests.servers import Site
from tests.shared import free_port

# For a command of the Makefile. A reload of three workers takes minutes on a busy machine.
COMMAND_SECONDS = 400
FILES = ROOT / "deploy"


class Front(Process):
    """The process of `make serve`, and the address of nginx."""

    start_seconds = 240  # four commands run before a worker starts
    stop_seconds = 30

    def __init__(self, site: Site, workers: int):
        need("nginx")
        need("redis-server")
        self.port = int(site.environment.get("PORT") or free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws = f"ws://127.0.0.1:{self.port}"
        # A short path, because it contains unix sockets; and other users must be able to reach it.
        self.run = tempfile.TemporaryDirectory(prefix="hosted-")
        self.folder = Path(self.run.name)
        self.folder.chmod(0o711)  # as `make serve` sets it when root runs it
        prefix = random.choice(range(200, 320))
        host = site.environment.get("WORKER_BIND") or "127.0.0.1"
        self.workers = [f"{host}:{prefix}{n:02}" for n in range(1, workers + 1)]
        environment = site.environment | {
            "RUN": self.run.name,
            "PORT": str(self.port),
            "WORKERS": str(workers),
            "WORKER_PORTS": str(prefix),
        }
        command = [sys.executable, "-m", "deploy.serve"]
        super().__init__(command, site.folder / "hosted.log", environment)

    def is_ready(self) -> bool:
        """Whether nginx listens and every worker answers."""
        return super().is_ready() and all(answers(f"http://{at}/readyz") for at in self.workers)

    def command_of(self, module: str, **settings: str) -> subprocess.CompletedProcess:
        """Runs a module of deploy/, as the Makefile does."""
        return self.python("-m", module, **settings)

    def python(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess:
        """Runs Python in the folder of the site's code."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.home,
            env=self.environment | settings,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    def supervisorctl(self, *arguments: str) -> str:
        """Runs supervisorctl as docs/hosting.md shows it; returns its output."""
        where = ["-s", f"unix://{self.folder}/supervisor.sock", "-u", "site", "-p", "site"]
        command = [sys.executable, "-m", "supervisor.supervisorctl", *where, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    def reload(self) -> str:
        done = self.command_of("deploy.reload")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def processes(self) -> set[int]:
        """The process ids of supervisord and of all its descendants."""
        parents = dict(process_parents())
        found, before = {self.running.pid}, set()
        while found != before:
            before = set(found)
            found |= {pid for pid, parent in parents.items() if parent in found}
        return found

    def close(self) -> None:
        self.stop()
        self.run.cleanup()


class HostedSite(Site):
    """A site behind nginx."""

    front_class = Front

    def __init__(self, folder: Path, workers: int = 2, **settings):
        super().__init__(folder, **settings)
        self.front = self.front_class(self, workers)
        try:
            self._begin(self.front)
        except BaseException:
            self.close()
            raise


def answers(url: str) -> bool:
    with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url) as answer:
        return answer.status == 200
    return False


def copy_nginx(folder: Path, server: str, workers: list[str]) -> list[str]:
    """Copies nginx's configuration into a folder, as deploy/serve.py does; returns the command that
    runs nginx with it."""
    (folder / "nginx.conf").write_bytes((FILES / "nginx.conf").read_bytes())
    (folder / "server.conf").write_text(server)
    lines = [f"server {address} max_fails=0;\n" for address in workers]
    (folder / "workers.conf").write_text("".join(lines))
    where = [need("nginx"), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    return [*where, "-g", "daemon off; " + ("user root;" if os.geteuid() == 0 else "")]
