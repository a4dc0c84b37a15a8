"""`promtool`, Prometheus' own linter, on what a worker exports and on our alerts."""

import subprocess
from pathlib import Path

import httpx
import pytest

from tests.processes import ROOT, need

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
ALERT_CASES = Path(__file__).parent / "alerts_test.yml"


@pytest.fixture
def site(make_site):
    return make_site(redis=True)


def test_promtool_finds_no_error_in_the_metrics(site, record_result):
    url = site.worker().url
    assert httpx.get(f"{url}/chat/").status_code == 200  # so that each family has a sample
    metrics = httpx.get(f"{url}/metrics").text
    done = run_promtool("check", "metrics", input=metrics)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    names = {line.split()[2] for line in metrics.splitlines() if line.startswith("# HELP twin")}
    assert "twinstream_redis_up" in names
    record_result("metrics", f"{version()}, `check metrics`", f"{len(names)} metrics, 0 findings")


def test_promtool_accepts_the_alerts_and_their_cases(record_result):
    rules = run_promtool("check", "rules", str(ALERTS))
    assert (rules.returncode, rules.stderr) == (0, "")
    cases = run_promtool("test", "rules", str(ALERT_CASES))
    assert cases.returncode == 0, cases.stdout + cases.stderr
    count = ALERTS.read_text().count("- alert:")
    assert f"SUCCESS: {count} rules found" in rules.stdout
    record_result("alerts", f"{version()}, `test rules`", f"{count} alerts, each fires in its case")


def run_promtool(*arguments, **options):
    command = [need("promtool"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def version():
    """The name and version of promtool."""
    done = run_promtool("--version")
    return f"promtool {(done.stdout + done.stderr).split()[2].split('+')[0]}"
