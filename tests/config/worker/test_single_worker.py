import os
import subprocess
import sys

import pytest

from config.worker import single_worker

DATABASE = {"ENGINE": "sqlite3", "HOST": "", "PORT": "", "NAME": "/somewhere/site.sqlite3"}
CLAIM = (
    "import sys; from config.worker.single_worker import claim_sole_worker as c;"
    " c({!r}, {!r}); print('in')"
)


@pytest.fixture
def claim(monkeypatch, tmp_path):
    """Starts another process that locks a database."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(single_worker.tempfile, "tempdir", str(tmp_path))

    def run(database=DATABASE, redis_url=""):
        code = CLAIM.format(database, redis_url)
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    return run


@pytest.fixture
def claim_here(claim):
    """Locks a database in this process until the test ends."""
    claims = []
    yield lambda *given: claims.append(single_worker.claim_sole_worker(*given))
    for descriptor in claims:
        os.close(descriptor)


def test_a_second_worker_is_refused_with_a_sentence(claim, claim_here):
    claim_here(DATABASE, "")
    second = claim()
    assert second.returncode == 1
    assert second.stderr.startswith("Another worker already serves this database (")
    assert "Traceback" not in second.stderr


def test_with_redis_there_may_be_several_workers(claim, claim_here):
    claim_here(DATABASE, "redis://127.0.0.1")
    assert claim(redis_url="redis://127.0.0.1").stdout == "in\n"


def test_a_worker_without_redis_beside_one_with_it_is_refused(claim, claim_here):
    claim_here(DATABASE, "redis://127.0.0.1")
    assert claim().returncode == 1


def test_workers_of_different_databases_do_not_conflict(claim, claim_here):
    claim_here(DATABASE, "")
    assert claim(DATABASE | {"NAME": "/elsewhere"}).stdout == "in\n"


def test_the_lock_of_a_dead_worker_is_released(claim):
    assert claim().stdout == "in\n"
    assert claim().stdout == "in\n"
