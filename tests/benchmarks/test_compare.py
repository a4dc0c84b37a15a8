"""`make bench` runs, and writes down what it has found. Here only with Twinstream, since
`make test` installs no other."""

import json
import subprocess
import sys

import pytest

from benchmarks.compare.cores import chosen
from benchmarks.compare.plan import SCENARIOS, visits
from benchmarks.compare.size import FULL
from tests.processes import ROOT, need


@pytest.mark.timeout(400)
def test_all_scenarios_run_at_a_tiny_size(tmp_path):
    need("redis-server"), need("cc", "gcc")
    where = ["--results", str(tmp_path)]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.compare",
            "--tiny",
            "--contenders",
            "twinstream",
            *where,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=390,
    )
    assert done.returncode == 0, done.stderr[-5_000:]
    runs = json.loads((tmp_path / "bench.json").read_text())["runs"]
    assert [run["void"] for run in runs] == [None] * len(runs)
    assert {run["scenario"] for run in runs} == set(SCENARIOS)
    assert all(run["figures"]["delivered"] > 0 for run in runs if run["scenario"] == "room")


def test_server_and_load_share_no_core_where_there_are_two():
    for cores in ({0, 1}, {2, 5, 9}, set(range(8))):
        assert chosen(cores).are_apart
        assert not chosen(cores).pair & chosen(cores).load
    assert not chosen({3}).are_apart
    assert [chosen(set(range(n))).are_enough_for_two for n in (1, 2, 3, 4)] == [False] * 3 + [True]


def test_every_contender_takes_part_where_it_can():
    names = ["twinstream", "ws", "express"]
    cores = chosen({0, 1})
    assert [name for name, _ in visits("room", names, FULL, cores)] == ["twinstream", "ws"]
    assert [name for name, _ in visits("streams", names, FULL, cores)] == ["twinstream", "express"]
    held = [name for name, _ in visits("held", names, FULL, cores)]
    assert held == ["twinstream", "ws", "twinstream", "express"]
    assert [name for name, _ in visits("workers", names, FULL, cores)] == ["twinstream"] * 2
