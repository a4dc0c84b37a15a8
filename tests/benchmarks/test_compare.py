"""`make bench` measures all scenarios. Only Twinstream: `make test` installs no other server."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from benchmarks.compare.contenders import CONTENDERS, before_and_after
from benchmarks.compare.cores import choose_cores
from benchmarks.compare.plan import BEFORE_AND_AFTER, SCENARIOS, round_of, turns
from benchmarks.compare.size import FULL, SMALL
from tests.processes import ROOT, need


def compare(folder, *options):
    """The runs of a comparison of the smallest size, by the name of its file."""
    need("redis-server"), need("cc", "gcc")
    command = [sys.executable, "-m", "benchmarks.compare", "--size", "tiny"]
    done = subprocess.run(
        [*command, "--results", str(folder), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=390,
    )
    assert done.returncode == 0, done.stderr[-5_000:]
    return {path.stem: json.loads(path.read_text())["runs"] for path in folder.glob("*.json")}


@pytest.mark.timeout(400)
def test_compare_measures_all_scenarios(tmp_path):
    runs = compare(tmp_path, "--contenders", "twinstream")["bench"]
    assert [run["void"] for run in runs] == [None] * len(runs)
    assert {run["scenario"] for run in runs} == set(SCENARIOS)
    assert all(run["figures"]["delivered"] > 0 for run in runs if run["scenario"] == "room")


@pytest.mark.timeout(400)
def test_compare_measures_two_checkouts(tmp_path):
    checkout = tmp_path / "other checkout"
    checkout.symlink_to(ROOT)
    runs = compare(tmp_path, "--before", str(checkout), "--only", "memory")["before"]
    assert [run["void"] for run in runs] == [None] * len(runs)
    assert [(run["contender"], run["kind"]) for run in runs] == [
        ("before", "socket"),
        ("after", "socket"),
        ("before", "stream"),
        ("after", "stream"),
    ]


def test_two_checkouts_differ_in_nothing_but_the_folder(tmp_path):
    before, after = before_and_after(tmp_path).values()
    assert (before.home, after.home) == (tmp_path, ROOT)
    assert replace(before, name="after", home=ROOT) == after


def test_two_checkouts_alternate_from_round_to_round(tmp_path):
    both = before_and_after(tmp_path).values()
    order = [name for _, _, (name, _) in turns(["room"], both, SMALL, choose_cores({0, 1}))]
    assert order[:4] == ["before", "after", "after", "before"]
    assert set(BEFORE_AND_AFTER) == {"room", "streams", "memory"}


def test_server_and_load_have_cores_of_their_own_if_there_are_two():
    for cores in ({0, 1}, {2, 5, 9}, set(range(8))):
        assert choose_cores(cores).are_apart
        assert not choose_cores(cores).pair & choose_cores(cores).load
    assert not choose_cores({3}).are_apart
    counts = [n for n in range(1, 5) if choose_cores(set(range(n))).are_enough_for_two]
    assert counts == [4]


def test_every_contender_takes_part_where_it_can():
    contenders = [CONTENDERS[name] for name in ("twinstream", "ws", "express")]
    names = {
        scenario: [name for name, _ in round_of(scenario, contenders, FULL, choose_cores({0, 1}))]
        for scenario in SCENARIOS
    }
    assert names == {
        "room": ["twinstream", "ws"],
        "streams": ["twinstream", "express"],
        "memory": ["twinstream", "ws", "twinstream", "express"],
        "workers": ["twinstream"] * 2,
        "resume": ["twinstream"],
    }
