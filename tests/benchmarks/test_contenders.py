"""A contender is started, checked and ended. With Twinstream only: `make test` installs no other.
`make bench` begins with the same check of all of them."""

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

from benchmarks.compare import running
from benchmarks.compare.check import texts, verify
from benchmarks.compare.contenders import CONTENDERS, PEERS, TEXT
from benchmarks.compare.installed import Missing, check
from tests.processes import ROOT, need

NODE = PEERS / "node"
TWO_AND_TERM = """
import os, signal
from benchmarks.compare.contenders import CONTENDERS
from benchmarks.compare.running import started
with started(CONTENDERS["twinstream"]) as running:
    print(running.folder, running.redis_pid, *running.pids, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
"""


class Stop(Exception):
    """An error in a run."""


def alive(pids):
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def cores_of(pid):
    """The cores on which each thread of a process may run."""
    return [os.sched_getaffinity(int(task.name)) for task in Path(f"/proc/{pid}/task").iterdir()]


def test_two_workers_run_on_their_cores_and_end_with_the_block():
    need("redis-server")
    before, core = os.sched_getaffinity(0), min(os.sched_getaffinity(0))
    ours = CONTENDERS["twinstream"]
    with contextlib.suppress(Stop), running.started(ours, workers=2, cores={core}) as site:
        pids = [*site.pids, site.redis_pid]
        assert len({*pids}) == 3
        assert len({*site.ports}) == 2
        verify(site)
        assert all(cores == {core} for pid in pids for cores in cores_of(pid))
        assert site.cpu_seconds() > 0
        assert site.memory_bytes() > 2 * 2**20
        raise Stop
    assert alive(pids) == []
    assert not site.folder.exists()
    assert os.sched_getaffinity(0) == before


def test_sigterm_ends_all_processes_and_removes_the_folder():
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
def test_texts_yields_the_data_of_message_events(end):
    lines = [": hello", "", "event: meta", "data: x", "", "data: a", "", "event: message"]
    lines += ["id: 1:2", "data: b", "", "event: done", "data: y", "", "data: c", "", ""]
    written = end.join(lines).encode()
    pieces = [written[at : at + 3] for at in range(0, len(written), 3)]
    response = type("Response", (), {"read1": lambda _: pieces.pop(0)})()
    characters = texts(response)
    assert [next(characters) for _ in "abc"] == ["a", "b", "c"]


def test_missing_package_is_named_in_a_sentence():
    lacking = replace(CONTENDERS["twinstream"], packages=("no-such-package",))
    with pytest.raises(
        Missing, match=r"^no-such-package is missing; .*`make bench`.* installs it\.$"
    ):
        check(lacking)


def test_text_has_different_characters_in_a_cycle_and_is_long_enough():
    cycle = TEXT[:64]
    assert len({*cycle}) == 64
    assert TEXT.replace(cycle, "") == ""
    assert len(TEXT) * 10 >= 200_000  # milliseconds at the fastest pace


def test_packages_are_pinned_with_a_reason():
    lines = (ROOT / "requirements-bench.txt").read_text().splitlines()[2:]
    assert lines
    assert all(line.startswith("# ") for line in lines[::2])
    assert all(re.fullmatch(r"[\w-]+(\[\w+\])?==[^\s;]+", line) for line in lines[1::2])
    package = json.loads((NODE / "package.json").read_text())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", each) for each in package["dependencies"].values())
    assert package["reasons"].keys() == package["dependencies"].keys()


def test_package_lock_names_no_registry():
    locked = json.loads((NODE / "package-lock.json").read_text())["packages"]
    assert [name for name, each in locked.items() if "resolved" in each] == []
