"""`promtool check metrics`, Prometheus' own linter, on what a worker exports."""

import subprocess

import httpx
import pytest

from tests.processes import need


@pytest.fixture
def site(make_site):
    return make_site(redis=True)


def test_promtool_finds_no_error_in_the_metrics(site, record_result):
    metrics = httpx.get(f"{site.worker().url}/metrics").text
    promtool = need("promtool")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=metrics, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    names = {line.split()[2] for line in metrics.splitlines() if line.startswith("# HELP twin")}
    assert "twinstream_redis_up" in names
    version = subprocess.run([promtool, "--version"], capture_output=True, text=True, check=True)
    number = (version.stdout + version.stderr).split()[2].split("+")[0]
    record_result(
        "metrics", f"promtool {number}, `check metrics`", f"{len(names)} metrics, 0 findings"
    )
