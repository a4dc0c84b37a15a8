"""What is said before a site is hosted."""

import pytest

from tests.config.test_settings import SECRET, start

OWN, ALL = "http://127.0.0.1:8080/", "http://0.0.0.0:8080/"
NAMED = {"ALLOWED_HOSTS": "site.example"}


@pytest.fixture
def preflight(tmp_path):
    """Runs it for a site with a database of its own."""
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
        ([], NAMED),  # a server of one's own making, with TLS
    ],
)
def test_a_site_that_people_reach_needs_no_note(preflight, front, environment):
    done = preflight(*front, **environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("environment", [NAMED, {"HTTPS": "on"}])
def test_https_without_tls_is_noted(preflight, environment):
    done = preflight(OWN, **environment)
    assert done.returncode == 0
    assert done.stdout.startswith("Note: HTTPS is on")
    assert "HTTPS=off" in done.stdout


def test_a_site_for_all_that_answers_to_this_machine_alone_is_noted(preflight):
    done = preflight(ALL)
    assert done.returncode == 0
    assert done.stdout.startswith("Note: ALLOWED_HOSTS names this machine alone")


@pytest.mark.parametrize("kind", ["corrupt", "nowhere", "silent"])
def test_a_database_that_cannot_be_used_is_told_in_a_sentence(preflight, tmp_path, kind):
    (tmp_path / "corrupt").write_text("no database, but long enough to be none " * 100)
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
