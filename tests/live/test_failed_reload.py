"""Reloads that fail and starts that are refused. The running processes stay."""

import asyncio
import shutil

import httpx
import pytest

from tests.hosted import Front, HostedSite
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


async def test_a_version_that_does_not_start_stops_the_reload_and_the_other_worker_stays(
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
    for _ in range(10):
        assert (await asyncio.to_thread(httpx.get, f"{copied.url}/chat/")).status_code == 200
    # After a repair, the next reload succeeds.
    broken.write_text(working_code)
    assert (await asyncio.to_thread(copied.reload)).count("restarted on") == 2
    for closing in still_open:
        closing.cancel()


# The command with a shorter timeout.
RELOAD_WITH_SHORT_TIMEOUT = "from deploy import reload; reload.READY_SECONDS = 30; reload.main()"


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
