"""Checks and notes before a site is hosted."""

import pytest

from tests.config.test_settings import SECRET, start

OWN, ALL = "http://127.0.0.1:8080/", "http://0.0.0.0:8080/"
NAMED = {"ALLOWED_HOSTS": "site.example"}


@pytest.fixture
def preflight(tmp_path):
    """Runs the command for a site with its own database."""
    own = SECRET | {"DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3", "TMPDIR": str(tmp_path)}

    def preflight(*front, **environment):
        return start(["manage.py", "preflight", *front], **own | environment)

    return preflight


@pytest.mark.parametrize(
    ("front", "environment"),
    [
        ([OWN], {}),
        ([OWN], NAMED | {"HTTPS": "off"}),
        ([ALL], NAMED | {"HTTPS": "off"}),
        ([], NAMED),  # another proxy, with TLS
    ],
)
def test_settings_with_which_users_reach_the_site_need_no_note(preflight, front, environment):
    done = preflight(*front, **environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("environment", [NAMED, {"HTTPS": "on"}])
def test_https_without_tls_is_noted(preflight, environment):
    done = preflight(OWN, **environment)
    assert done.returncode == 0
    assert done.stdout.startswith("Note: HTTPS is on")
    assert "HTTPS=off" in done.stdout


def test_an_open_address_with_local_allowed_hosts_is_noted(preflight):
    done = preflight(ALL)
    assert done.returncode == 0
    assert done.stdout.startswith("Note: ALLOWED_HOSTS has only this machine")


@pytest.mark.parametrize("kind", ["corrupt", "nowhere", "silent"])
def test_a_database_that_cannot_be_used_is_reported_in_one_line(preflight, tmp_path, kind):
    (tmp_path / "corrupt").write_text("not a database file " * 200)
    url = {
        "corrupt": f"sqlite:///{tmp_path}/corrupt",
        "nowhere": f"sqlite:///{tmp_path}/nowhere/site.sqlite3",
        "silent": "postgres://site:secret@127.0.0.1:1/site",
    }[kind]
    done = preflight(OWN, DATABASE_URL=url)
    assert done.returncode == 1
    assert done.stderr.startswith("The database of DATABASE_URL cannot be used: ")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
