"""The image and the services of compose.yaml, built by the Dockerfile's own steps and run with the
limits that they have there. PostgreSQL and Redis are those of the tests, on free ports."""

import contextlib
import os
import re
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from deploy.healthcheck import PROBES, TIMEOUT_SECONDS
from tests.clients.websocket import open_client
from tests.deploy.dockerfile import mebibytes, read_compose, seconds
from tests.deploy.sandbox import Container, Image, need_namespaces
from tests.processes import need
from tests.shared import SECRET_KEY, free_port

# Prints in which of the given folders it can create a file.
WRITE = """
import sys, tempfile
for folder in sys.argv[1:]:
    try:
        tempfile.TemporaryFile(dir=folder).close()
        print(folder)
    except OSError:
        pass
"""
FOLDERS = ["/", "/dev", "/etc", "/opt/venv", "/srv", "/srv/nginx", "/srv/static", "/srv/twinstream"]
FOLDERS += ["/srv/twinstream/chat", "/srv/twinstream/collected", "/tmp", "/usr/local", "/var"]
RESTARTING = 1012
STOPPED_BY_SIGTERM = 128 + signal.SIGTERM


class Containers:
    """The services of compose.yaml as containers on this machine: one worker, and nginx."""

    def __init__(self, folder: Path, resources: Any):
        self.folder = folder
        self.image = Image(folder).build()
        self.services = read_compose({"POSTGRES_PASSWORD": "unused"})["services"]
        addresses = {name: resources.environment[name] for name in ("DATABASE_URL", "REDIS_URL")}
        self.environment = {"SECRET_KEY": SECRET_KEY, **addresses}
        self.port = free_port()
        self.volumes = {name: self.make_volume(name) for name in ("nginx", "static")}

    def make_volume(self, name: str) -> Path:
        """A new volume. It has the owner of the folder that the image has at its path."""
        volume = self.folder / name
        volume.mkdir()
        owner = (self.image.root / "srv" / name).stat()
        os.chown(volume, owner.st_uid, owner.st_gid)
        return volume

    def variables(self, name: str) -> dict[str, str]:
        """The environment variables of a service."""
        if "build" not in self.services[name]:
            return {}
        return self.services[name]["environment"] | self.environment

    def run(self, name: str, command: list[str]) -> Any:
        """Runs a command in a container of a service until it ends."""
        return self.image.run(command, self.variables(name), self.services[name], self.volumes)

    def prepare(self) -> Any:
        """Runs the service `prepare`, for the worker of this machine."""
        words = self.services["prepare"]["command"]
        # Debian's nginx is too old for a resolver in an upstream, and here are no names to resolve.
        at = words.index("--resolver")
        words = [*words[:at], *words[at + 2 :]]
        words.remove("worker-2:8000")
        words[words.index("worker-1:8000")] = f"127.0.0.1:{self.port}"
        return self.run("prepare", words)

    def worker(self, port: int, *, init: bool = False) -> Container:
        """A worker that has not started yet. Without an init, it is process 1."""
        dockerfile = self.image.dockerfile
        words = [word.replace(dockerfile.last("EXPOSE"), str(port)) for word in dockerfile.command]
        service = self.services["worker-1"] | {"init": init}
        command = self.image.command(words, self.variables("worker-1"), service, self.volumes)
        return Container(command, self.folder / f"worker-{port}.log", port)

    def check_health(self, worker: Container, command: list[str]) -> Any:
        """Runs a health check in the container of a worker."""
        *words, url = command
        words.append(url.replace(self.image.dockerfile.last("EXPOSE"), str(worker.port)))
        variables, service = self.variables("worker-1"), self.services["worker-1"]
        return worker.run(self.image.inside(variables, words, service))

    def nginx(self) -> Container:
        """nginx on a free port. It has not started yet."""
        port = free_port()
        server = self.volumes["nginx"] / "server.conf"
        server.write_text(server.read_text().replace("8080", str(port)))
        words, service = self.services["nginx"]["entrypoint"], self.services["nginx"]
        command = self.image.command(words, {}, service, self.volumes)
        return Container(command, self.folder / "nginx.log", port)


@pytest.fixture(scope="module")
def containers(make_shared_site, tmp_path_factory):
    need_namespaces()
    need("nginx")
    return Containers(
        tmp_path_factory.mktemp("containers"), make_shared_site(postgres=True, redis=True)
    )


@pytest.fixture(scope="module")
def site(containers):
    """A worker and nginx, after `prepare` has run."""
    prepared = containers.prepare()
    assert prepared.returncode == 0, prepared.stderr
    assert re.search(r"^Copied \d{2,} static files to /srv/static\.$", prepared.stdout, re.M)
    worker, nginx = containers.worker(containers.port), containers.nginx()
    try:
        yield SimpleNamespace(worker=worker.start(), nginx=nginx.start())
    finally:
        worker.close()
        nginx.close()


def test_a_worker_that_is_stopped_while_it_starts_ends_at_once(containers):
    """Process 1 ignores a signal that it has no handler for."""
    worker = containers.worker(free_port())
    worker.is_ready = lambda: True  # do not wait
    worker.start()
    try:
        deadline = time.monotonic() + worker.start_seconds
        while worker.running.poll() is None:
            assert time.monotonic() < deadline
            # Between two looks, unshare may not have a child yet, or no longer.
            with contextlib.suppress(ValueError, OSError):
                if b"config.server" in Path(f"/proc/{worker.process_1}/cmdline").read_bytes():
                    os.kill(worker.process_1, signal.SIGTERM)
            time.sleep(0.02)
        assert worker.running.returncode == STOPPED_BY_SIGTERM, worker.log.read_text()
    finally:
        worker.close()


def test_the_health_check_tells_a_worker_from_a_closed_port(containers, site):
    check = containers.image.dockerfile.health_check
    alive = containers.check_health(site.worker, check)
    assert (alive.returncode, alive.stderr) == (0, "")
    dead = containers.check_health(site.worker, [*check[:-1], "http://127.0.0.1:1/healthz"])
    assert dead.returncode == 1
    assert dead.stderr == "http://127.0.0.1:1/healthz: [Errno 111] Connection refused\n"


def test_the_health_check_kills_a_worker_that_hangs(containers, site):
    worker = containers.worker(free_port(), init=True).start()
    try:
        check = containers.services["worker-1"]["healthcheck"]
        alive = containers.check_health(worker, check["test"][1:])
        assert (alive.returncode, alive.stderr) == (0, "")
        init = worker.process_1
        hung = int(Path(f"/proc/{init}/task/{init}/children").read_text())
        os.kill(hung, signal.SIGSTOP)
        done = containers.check_health(worker, check["test"][1:])
        assert re.fullmatch(r"http://\S+/healthz: no answer; killed \d+\n", done.stderr)
        # The container ends, and an engine starts it again.
        assert worker.running.wait(worker.stop_seconds) == 128 + signal.SIGKILL
        # It is found within 15 s, and the engine does not stop the check before it kills.
        longest = PROBES * TIMEOUT_SECONDS
        assert longest < seconds(check["timeout"])
        assert seconds(check["interval"]) + longest <= 15
    finally:
        worker.close()


def test_a_worker_runs_without_privileges_and_within_its_memory(containers, site):
    status = site.worker.status()
    assert set(status["Uid"].split() + status["Gid"].split()) == {"10001"}
    assert status["NSpid"].split()[-1] == "1"
    assert status["NoNewPrivs"] == "1"
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {0}
    limit = mebibytes(containers.services["worker-1"]["mem_limit"])
    assert int(status["VmHWM"].split()[0]) / 1024 < limit / 2  # the rest is for connections


@pytest.mark.parametrize(
    ("name", "writable"),
    [("worker-1", ["/tmp"]), ("prepare", ["/srv/nginx", "/srv/static", "/tmp"])],
)
def test_a_container_writes_only_to_its_volumes(containers, site, name, writable):
    done = containers.run(name, ["python", "-c", WRITE, *FOLDERS])
    assert done.stdout.split() == writable


async def test_pages_and_their_static_files_come_through_nginx(containers, site):
    async with httpx.AsyncClient(timeout=60, base_url=site.nginx.url) as client:
        page = await client.get("/chat/lobby/")
        assert page.status_code == 200
        links = re.findall(r'(?:src|href)="(/static/[^"]+\.[0-9a-f]{12}\.\w+)"', page.text)
        assert links
        for link in links:
            answer = await client.get(link)
            stored = containers.volumes["static"] / link.removeprefix("/static/")
            assert answer.content == stored.read_bytes()
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        # The health check of nginx.
        url = httpx.URL(containers.services["nginx"]["healthcheck"]["test"][-1])
        assert (await client.get(url.path)).status_code == 200
        assert (await client.get("/readyz")).status_code == 404
    async with httpx.AsyncClient(timeout=60, base_url=site.worker.url) as client:
        assert (await client.get("/readyz")).status_code == 200
        # Where there is no nginx, the worker serves the files of its image.
        assert (await client.get(link)).content == stored.read_bytes()


# The last test: it stops the worker and nginx.
async def test_a_stopped_site_closes_its_sockets_and_ends(containers, site):
    client = await open_client(site.nginx.ws)
    await client.join()
    await client.say("c1", "hello")
    await client.acknowledged("c1")
    grace = seconds(containers.services["worker-1"]["stop_grace_period"])
    assert grace == seconds(containers.services["nginx"]["stop_grace_period"])
    # Compose stops both at the same moment.
    os.kill(site.nginx.process_1, signal.SIGQUIT)
    began = time.monotonic()
    os.kill(site.worker.process_1, signal.SIGTERM)
    assert await client.closed() == RESTARTING
    assert site.worker.running.wait(grace) == 0
    assert site.nginx.running.wait(max(0.0, began + grace - time.monotonic())) == 0
    assert not re.search("ERROR|Traceback", site.worker.log.read_text())
