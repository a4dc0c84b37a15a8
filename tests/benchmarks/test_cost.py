"""`make cost` measures everything and writes cost.json and cost.md."""

import json
import subprocess
import sys

import pytest

from tests.processes import ROOT, need


@pytest.mark.timeout(400)
def test_cost_measures_everything(tmp_path):
    need("redis-server"), need("postgres")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.cost", "--tiny", "--results", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=390,
    )
    assert done.returncode == 0, done.stderr[-5_000:]
    found = json.loads((tmp_path / "cost.json").read_text())
    assert {row["kind"] for row in found["connections"]} == {"socket", "room stream", "text stream"}
    for name in ("messages_sqlite", "messages_postgresql"):
        assert all(row["deliveries"] == row["entries"] * row["readers"] for row in found[name])
        assert all(row["publishes"] > 0 for row in found[name])
    for name in ("acks_full", "acks_normal"):
        assert [row["readers"] for row in found[name]] == [0, 0, 2, 2]
        assert all(row["ack_ms"] > 0 for row in found[name])
    assert found["texts"][0]["characters"] > 0
    assert "| delivery µs |" in (tmp_path / "cost.md").read_text()
