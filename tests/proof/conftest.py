"""The table of results that `make proof` prints."""

import datetime

import pytest

from tests.browser.conftest import chromium, open_window  # noqa: F401 - fixtures

rows = pytest.StashKey[list[tuple[str, ...]]]()


def pytest_configure(config):
    config.stash[rows] = []


@pytest.fixture
def record_result(request):
    """Adds a row to the table: what was tested, by which tool, and the result."""

    def add(subject, tool, result):
        today = datetime.date.today().isoformat()
        request.config.stash[rows].append((subject, tool, result, today))

    return add


def pytest_terminal_summary(terminalreporter, config):
    if found := config.stash[rows]:
        terminalreporter.write_line("")
        for row in [("what", "by", "result", "date"), ("---",) * 4, *found]:
            terminalreporter.write_line(f"| {' | '.join(row)} |")
