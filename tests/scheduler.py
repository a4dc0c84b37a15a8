"""Which tests pytest-xdist runs in one process."""

from xdist.scheduler import LoadScopeScheduling

# Files with long tests that share nothing with each other: each test may run in any process.
APART = {
    f"tests/{name}.py"
    for name in (
        "browser/test_dashboard",
        "browser/test_outages",
        "live/test_revocation",
        "live/test_draining",
        "live/test_failures",
        "live/test_dashboard",
        "live/test_memory",
        "live/test_health_and_metrics",
        "live/test_people",
        "live/test_reload",
        "live/test_slow_readers",
        "live/test_unix_socket",
        "live/test_worker_limits",
        "protocol/test_protocol",
    )
}


class FileScheduling(LoadScopeScheduling):
    """Runs the tests of a file in one process, because they may share a site."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in APART else file
