"""Contenders are started afresh and leave nothing behind. Here only with Twinstream, since
`make test` installs no other; `make bench` begins by asking all of them the same."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.compare import answering, running
from benchmarks.compare.contenders import CONTENDERS, PEERS, TEXT
from benchmarks.compare.installed import Missing, check
from tests.servers import ROOT, need

NODE = PEERS / "node"
DEPENDENCIES = (ROOT / "docs" / "dependencies.md").read_text()
TWO_AND_TERM = """
import os, signal
from benchmarks.compare.running import started
with started("twinstream") as running:
    print(running.folder, running.redis_pid, *running.pids, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
"""


class Stop(Exception):
    """What goes wrong in a run."""


def alive(pids):
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def cores_of(pid):
    """The cores on which each thread of a process may run."""
    return [os.sched_getaffinity(int(task.name)) for task in Path(f"/proc/{pid}/task").iterdir()]


def test_two_workers_answer_on_their_cores_and_end_with_the_run():
    need("redis-server")
    before, core = os.sched_getaffinity(0), min(os.sched_getaffinity(0))
    with contextlib.suppress(Stop), running.started("twinstream", workers=2, cores={core}) as site:
        pids = [*site.pids, site.redis_pid]
        assert len({*pids}) == 3
        assert len({*site.ports}) == 2
        answering.verify(site)
        assert all(cores == {core} for pid in pids for cores in cores_of(pid))
        assert site.cpu_seconds() > 0
        assert site.memory_bytes() > 2 * 2**20
        raise Stop
    assert alive(pids) == []
    assert not site.folder.exists()
    assert os.sched_getaffinity(0) == before


def test_whoever_is_told_to_leave_leaves_nothing_behind():
    need("redis-server")
    done = subprocess.run(
        [sys.executable, "-c", TWO_AND_TERM], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    folder, *pids = done.stdout.split()
    assert done.returncode == 128 + signal.SIGTERM, done.stderr
    assert len(pids) == 2
    assert alive(pids) == []
    assert not Path(folder).exists()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_text_is_read_out_of_its_events(end):
    lines = [": hello", "", "event: meta", "data: x", "", "data: a", "", "event: message"]
    lines += ["id: 1:2", "data: b", "", "event: done", "data: y", "", "data: c", "", ""]
    written = end.join(lines).encode()
    pieces = [written[at : at + 3] for at in range(0, len(written), 3)]
    response = type("Response", (), {"read1": lambda _: pieces.pop(0)})()
    characters = answering.texts(response)
    assert [next(characters) for _ in "abc"] == ["a", "b", "c"]


def test_what_is_missing_is_said_in_a_sentence():
    lacking = replace(CONTENDERS["twinstream"], packages=("no-such-package",))
    with pytest.raises(
        Missing, match=r"^no-such-package is missing; .*`make bench`.* installs it\.$"
    ):
        check(lacking)


def test_a_lost_character_is_seen_within_a_cycle_and_the_text_is_long_enough():
    cycle = TEXT[:64]
    assert len({*cycle}) == 64
    assert TEXT.replace(cycle, "") == ""
    assert len(TEXT) * 10 >= 200_000  # milliseconds at the fastest pace


def test_what_the_contenders_need_is_pinned_named_with_its_reason_and_bound_to_no_registry():
    package = json.loads((NODE / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package.values())
    lines = (ROOT / "requirements-bench.txt").read_text().splitlines()[1:]
    pinned = [re.fullmatch(r"([\w-]+)(\[\w+\])?==[^\s;]+", line)[1] for line in lines]
    assert [name for name in [*pinned, *package] if f"`{name}`" not in DEPENDENCIES] == []
    locked = json.loads((NODE / "package-lock.json").read_text())["packages"]
    assert [name for name, each in locked.items() if "resolved" in each] == []
