"""Reloads that fail and starts that are refused. The running processes stay."""

import asyncio
import os
import shutil
import signal
import subprocess

import httpx
import pytest

from tests.hosted import Front, HostedSite, answers
from tests.processes import ROOT
from tests.servers import Site

pytestmark = pytest.mark.timeout(600)

CODE = ["chat", "config", "deploy", "realtime", "static", "streaming", "templates", "manage.py"]


class CopiedFront(Front):
    """A hosted site that runs a copy of the code, which a test can change."""

    def __init__(self, site, workers):
        super().__init__(site, workers)
        self.home = site.folder / "code"
        for name in CODE:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, self.home / name)

    @property
    def releases(self):
        """The folder of the copies of the code."""
        return self.folder / "releases"


class CopiedSite(HostedSite):
    front_class = CopiedFront


@pytest.fixture
async def copied(tmp_path):
    (tmp_path / "code").mkdir()
    site = await asyncio.to_thread(CopiedSite, tmp_path)
    yield site.front
    await asyncio.to_thread(site.close)


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    site = HostedSite(tmp_path_factory.mktemp("site"))
    yield site.front
    site.close()


async def test_a_version_that_does_not_start_stops_the_reload_and_no_worker_uses_it(
    copied, open_socket
):
    closings = [asyncio.ensure_future((await open_socket(copied)).closed()) for _ in range(4)]
    pid = copied.supervisorctl("pid", "site:worker_2")
    broken = copied.home / "config" / "asgi.py"
    working_code = broken.read_text()
    broken.write_text("raise RuntimeError('a new version')")
    done = await asyncio.to_thread(copied.command_of, "deploy.reload")
    assert done.returncode == 1
    assert done.stderr.startswith("Stopped: worker_1 does not start. ")
    assert copied.supervisorctl("pid", "site:worker_2") == pid
    # The sockets of the first worker were closed; those of the second worker are still open.
    still_open = [closing for closing in closings if not closing.done()]
    ended = [closing.result() for closing in closings if closing.done()]
    assert set(ended) == {1012}
    assert len(ended) == len(still_open) == 2
    # The first worker is back with the old version, and so is one that crashes now.
    os.kill(int(pid), signal.SIGKILL)
    while copied.supervisorctl("pid", "site:worker_2") in (pid, "0"):
        await asyncio.sleep(0.1)
    for worker in copied.workers:
        while not await asyncio.to_thread(answers, f"http://{worker}/readyz"):
            await asyncio.sleep(0.1)
    broken.write_text(working_code)
    await check_nginx_is_reloaded(copied)
    assert len([each for each in copied.releases.iterdir() if not each.is_symlink()]) == 1
    for closing in still_open:
        closing.cancel()


async def check_nginx_is_reloaded(copied):
    """A reload applies a changed nginx.conf. It restarts nothing if nginx refuses the file."""
    conf = copied.home / "deploy" / "nginx.conf"
    working_conf = conf.read_text()
    conf.write_text(working_conf.replace("keepalive 64;", "keepalive many;"))
    processes = {
        name: copied.supervisorctl("pid", f"site:{name}") for name in ("nginx", "worker_1")
    }
    done = await asyncio.to_thread(copied.command_of, "deploy.reload")
    assert done.returncode == 1
    assert "Stopped: nginx refuses its new configuration" in done.stderr
    assert 'invalid value "many"' in done.stderr
    assert copied.supervisorctl("pid", "site:worker_1") == processes["worker_1"]
    new = working_conf.replace("include server.conf;", "include server.conf; add_header New yes;")
    conf.write_text(new)
    done = await asyncio.to_thread(copied.reload)
    assert "nginx uses its new configuration" in done
    assert done.count("restarted on") == 2
    assert httpx.get(f"{copied.url}/chat/").headers["new"] == "yes"
    assert copied.supervisorctl("pid", "site:nginx") == processes["nginx"]


# The command with a shorter timeout.
RELOAD_WITH_SHORT_TIMEOUT = "from deploy import reload; reload.AWAY_SECONDS = 1; reload.main()"


def test_a_reload_without_redis_stops_with_a_message(front):
    front.supervisorctl("stop", "redis")
    done = front.python("-c", RELOAD_WITH_SHORT_TIMEOUT)
    assert done.returncode == 1
    assert "Stopped: worker_1 runs, but: redis away." in done.stderr
    assert httpx.get(f"{front.url}/chat/").status_code == 200
    status = front.command_of("deploy.status")
    assert status.returncode == 1
    assert "redis away" in status.stdout
    front.supervisorctl("start", "redis")
    assert front.reload().count("restarted on") == 2


def test_a_worker_that_supervisor_cannot_start_stops_the_reload_with_a_message(front):
    workers = front.folder / "nginx" / "workers.conf"
    configured = workers.read_text()
    workers.write_text(f"{configured}server 127.0.0.1:1 max_fails=0;\n")
    done = front.command_of("deploy.reload")
    workers.write_text(configured)
    assert done.returncode == 1
    assert "Stopped: supervisor does not start worker_3 (BAD_NAME" in done.stderr
    assert done.stdout.count("restarted on") == 2


def test_status_fails_while_nginx_cannot_start(front):
    server_conf = front.folder / "nginx" / "server.conf"
    configured = server_conf.read_text()
    server_conf.write_text(f"{configured}no_directive;\n")
    with pytest.raises(subprocess.CalledProcessError):  # supervisor goes on trying
        front.supervisorctl("restart", "site:nginx")
    status = front.command_of("deploy.status")
    assert status.returncode == 1
    assert "nginx does not run. The reason is in " in status.stderr
    assert status.stdout.count(" ready") == 2
    server_conf.write_text(configured)
    while front.command_of("deploy.status").returncode:
        pass  # until supervisor has started it again


def test_reload_and_status_say_that_nothing_runs(front, tmp_path):
    for command in ("reload", "status"):
        done = front.command_of(f"deploy.{command}", RUN=str(tmp_path))
        assert done.returncode == 1
        assert done.stderr.startswith("Nothing runs from ")


def test_serve_refuses_to_start_beside_a_worker_without_redis(tmp_path):
    site = Site(tmp_path, development=True)
    try:
        site.worker()
        front = Front(site, 2)
        done = front.command_of("deploy.serve", SECRET_KEY="s" * 60)
        assert done.returncode == 1
        assert done.stderr.startswith("Another worker already serves this database")
        assert "Migrating" not in done.stdout
        front.close()
    finally:
        site.close()
