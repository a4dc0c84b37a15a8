"""What the settings file makes of its environment, and which starts it refuses.

Most tests run the file in this process; where the start itself matters, they start one.
"""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

import config
from tests.databases import UNSET
from tests.processes import ROOT

SECRET = {"SECRET_KEY": "x" * 60}
IMPORT = ["-c", "import django; django.setup()"]
MANAGE = ["manage.py", "diffsettings", "--all"]


def start(arguments, **environment):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=kept | UNSET | {"DJANGO_SETTINGS_MODULE": "config.settings"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def settings(*, development=True, **environment):
    """The settings by name, as in a process with this environment. `development`: as one that
    manage.py has started. SystemExit where the start is refused."""
    with (
        mock.patch.dict(os.environ, UNSET | environment),
        mock.patch.object(config, "development_allowed", development),
    ):
        return runpy.run_path(str(ROOT / "config" / "settings.py"))


def setting(name, **environment):
    return settings(**environment)[name]


@pytest.fixture
def start_with(tmp_path):
    """Starts a copy of the project with a file `.env`, and prints the named settings."""

    def start_with(text, *names):
        for folder in ("config", "realtime"):
            shutil.copytree(ROOT / folder, tmp_path / folder)
        (tmp_path / ".env").write_text(text)
        code = f"from config import settings\nfor n in {names}: print(getattr(settings, n))"
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=kept, capture_output=True, text=True
        )

    return start_with


def test_settings_are_read_from_a_file(start_with):
    text = f"SECRET_KEY={'x' * 60}\nCHAT_BURST=7\nDATABASE_URL=sqlite:///other.sqlite3\n"
    done = start_with(text, "SECRET_KEY", "DEBUG", "CHAT_BURST", "DATABASES")
    key, debug, burst, databases = done.stdout.splitlines()
    assert (key, debug, burst) == ("x" * 60, "False", "7")
    assert "other.sqlite3" in databases


def test_a_bad_value_in_a_file_stops_the_start_with_its_name(start_with):
    done = start_with(f"SECRET_KEY={'x' * 60}\nCHAT_BURST=many\n")
    assert done.returncode == 1
    assert done.stderr.startswith("Bad value of CHAT_BURST")


# The settings that the README gives for a site with a host name.
DOCUMENTED = SECRET | {
    "SECRET_KEY": "".join(map(chr, range(48, 123))),
    "ALLOWED_HOSTS": "example.org",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "DATABASE_URL": "postgres://user:password@host/name",
}
CHECK = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]


def test_with_the_documented_settings_check_deploy_has_no_warning():
    done = start(CHECK, **DOCUMENTED)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_https_check_deploy_warns():
    done = start(CHECK, **DOCUMENTED | {"HTTPS": "off"})
    assert done.returncode == 1
    assert {"security.W008", "security.W012", "security.W016"} <= set(
        re.findall(r"security\.W\d+", done.stderr)
    )


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),  # development
        (SECRET, False),  # this machine only
        (SECRET | {"ALLOWED_HOSTS": "localhost,example.org"}, True),
        (SECRET | {"ALLOWED_HOSTS": "*"}, True),
        (SECRET | {"ALLOWED_HOSTS": "example.org", "HTTPS": "off"}, False),
        (SECRET | {"HTTPS": "on"}, True),
    ],
)
def test_cookies_are_secure_when_the_site_has_a_host_name(environment, expected):
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"):
        assert setting(name, **environment) is expected


def test_hsts_can_be_changed_by_settings():
    name = "SECURE_HSTS_SECONDS"
    assert setting(name, **DOCUMENTED) == 2_592_000
    assert setting(name, **DOCUMENTED, HSTS_SECONDS="60") == 60
    assert setting(name, **DOCUMENTED, HTTPS="off") == 0
    name = "SECURE_HSTS_INCLUDE_SUBDOMAINS"
    assert setting(name, **DOCUMENTED) is False
    assert setting(name, **DOCUMENTED, HSTS_SUBDOMAINS="on") is True


def test_without_a_key_manage_py_runs_in_development():
    done = start(MANAGE)
    assert "DEBUG = True\n" in done.stdout
    assert "InMemoryChannelLayer" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["-m", "daphne", "-p", "0", "config.asgi:application"],
        IMPORT,
    ],
)
def test_without_a_key_every_other_start_is_refused(arguments):
    done = start(arguments)
    assert done.returncode == 1
    assert "SECRET_KEY is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_key_and_without_debug_manage_py_is_refused():
    done = start(MANAGE, DEBUG="false")
    assert done.returncode == 1
    assert "SECRET_KEY is not set" in done.stderr


def test_with_a_key_debug_is_off():
    assert setting("DEBUG", **SECRET) is False


def test_with_redis_url_the_channel_layer_is_redis():
    layers = setting("CHANNEL_LAYERS", REDIS_URL="redis://127.0.0.1:6379/1")
    assert layers["default"]["BACKEND"].endswith("RedisPubSubChannelLayer")
    (host,) = layers["default"]["CONFIG"]["hosts"]
    assert (host["host"], host["port"]) == ("127.0.0.1", 6379)


def test_each_of_several_redis_servers_has_a_channel_layer():
    found = settings(REDIS_URL="redis://a/0,redis://b:7000/0")
    assert found["BUS_LAYERS"] == ["a", "b:7000"]
    hosts = [found["CHANNEL_LAYERS"][name]["CONFIG"]["hosts"] for name in found["BUS_LAYERS"]]
    assert [host["host"] for (host,) in hosts] == ["a", "b"]


def test_the_database_is_read_from_its_url():
    databases = setting("DATABASES", DATABASE_URL="postgres://ann:pw@db.example:5433/site")
    found = databases["default"]
    assert found["ENGINE"].endswith("postgresql")
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", 5433, "site")
    assert found["CONN_MAX_AGE"] == 0


POSTGRES_URL = "postgres://ann:pw@db.example/site"


def test_a_connection_to_postgresql_waits_a_bounded_time():
    limits = {"DATABASE_CONNECT_SECONDS": "3", "DATABASE_STATEMENT_SECONDS": "7"}
    assert setting("DATABASES", DATABASE_URL=POSTGRES_URL, **limits)["default"]["OPTIONS"] == {
        "connect_timeout": 3,
        "answer_seconds": 9,
        "tcp_user_timeout": 9_000,
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "options": "-c statement_timeout=7s -c idle_in_transaction_session_timeout=30s",
    }


def test_the_options_of_the_database_url_win():
    url = f"{POSTGRES_URL}?connect_timeout=8&keepalives=0&sslmode=require"
    url += "&options=-c%20statement_timeout%3D1min"
    options = setting("DATABASES", DATABASE_URL=url)["default"]["OPTIONS"]
    assert (options["connect_timeout"], options["keepalives"]) == (8, 0)
    assert options["sslmode"] == "require"
    assert options["options"].endswith(" -c statement_timeout=1min")  # the last value wins


def test_a_connection_through_a_pooler_has_nothing_that_pgbouncer_refuses():
    found = setting("DATABASES", DATABASE_URL=POSTGRES_URL, DATABASE_POOLER="on")["default"]
    assert "options" not in found["OPTIONS"]
    assert found["OPTIONS"]["answer_seconds"] == 12
    assert found["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_sqlite_locks_when_a_transaction_begins_and_waits_20_seconds():
    options = setting("DATABASES")["default"]["OPTIONS"]
    assert (options["transaction_mode"], options["timeout"]) == ("IMMEDIATE", 20)
    assert "journal_mode=WAL" in options["init_command"]


@pytest.mark.parametrize(("value", "expected"), [("", "FULL"), (" NORMAL", "NORMAL")])
def test_sqlite_syncs_every_commit_unless_a_setting_says_otherwise(value, expected):
    options = setting("DATABASES", SQLITE_SYNCHRONOUS=value)["default"]["OPTIONS"]
    assert f"PRAGMA synchronous={expected};" in options["init_command"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("STREAMS_PER_WORKER", "0"),
        ("SOCKETS_PER_WORKER", "many"),
        ("CHAT_MESSAGES_PER_SECOND", "-1"),
        ("CHAT_BURST", "1.5"),
        ("CHAT_FRAME_BYTES", "100"),
        ("HEARTBEAT_SECONDS", "0"),
        ("HSTS_SECONDS", "a month"),
        ("SILENCE_SECONDS", "25"),
        ("DATABASE_CONNECT_SECONDS", "1"),
        ("DATABASE_STATEMENT_SECONDS", "0"),
        ("DATABASE_STATEMENT_SECONDS", "10s"),
        ("DATABASE_POOLER", "transaction"),
        ("SQLITE_SYNCHRONOUS", "OFF"),
        ("SQLITE_SYNCHRONOUS", "normal; PRAGMA synchronous=OFF"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "mysql://h/n"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://h:abc/0"),
        ("ALLOWED_HOSTS", "https://a.example"),
        ("ALLOWED_HOSTS", "a.example:80"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example:xx"),
        ("CORS_ALLOWED_ORIGINS", "friend.example"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("CSRF_TRUSTED_ORIGINS", "https://a.example/path"),
        ("MONITORING_NETWORKS", "everyone"),
        ("MONITORING_NETWORKS", "10.0.0.5/8"),
        ("MONITORING_TOKEN", "short"),
        ("MONITORING_TOKEN", "a token with spaces"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("LOG_FORMAT", "xml"),
        ("LOG_ADDRESSES", "some"),
    ],
)
def test_a_bad_value_stops_the_start_with_its_name(name, value):
    with pytest.raises(SystemExit, match=f"^Bad value of {name}: "):
        settings(**SECRET | {name: value})


def test_a_start_that_a_bad_value_stops_has_no_traceback():
    done = start(IMPORT, **SECRET, CHAT_BURST="1.5")
    assert done.returncode == 1
    assert "CHAT_BURST" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_value_is_unset():
    assert setting("DATABASES", DATABASE_URL="")["default"]["NAME"] == ROOT / "db.sqlite3"
    assert setting("CHAT_BURST", CHAT_BURST="") == 20


def test_former_secret_keys_are_separated_by_commas():
    keys = setting("SECRET_KEY_FALLBACKS", **SECRET, SECRET_KEY_FALLBACKS=f"{'y' * 60}, {'z' * 60}")
    assert keys == ["y" * 60, "z" * 60]


def test_a_relative_path_of_a_database_starts_in_the_folder_of_data():
    databases = setting("DATABASES", DATABASE_URL="sqlite:///a.sqlite3", DATA_ROOT="/srv/site")
    assert databases["default"]["NAME"] == Path("/srv/site/a.sqlite3")


def test_spaces_around_values_and_items_are_ignored():
    hosts = setting("ALLOWED_HOSTS", ALLOWED_HOSTS=" a.example, b.example,")
    assert hosts == ["a.example", "b.example"]
    assert setting("DEBUG", **SECRET, DEBUG=" true ") is True


def test_a_relative_sqlite_file_is_in_the_project():
    databases = setting("DATABASES", DATABASE_URL="sqlite:///site.sqlite3")
    assert databases["default"]["NAME"] == ROOT / "site.sqlite3"


def test_a_limit_can_be_changed():
    assert setting("CHAT_BURST", CHAT_BURST="7") == 7


def test_networks_are_addresses_and_cidr_ranges():
    found = setting("TRUSTED_PROXIES", TRUSTED_PROXIES="10.0.0.9, 192.168.0.0/16,2001:db8::/32")
    assert [str(each) for each in found] == ["10.0.0.9/32", "192.168.0.0/16", "2001:db8::/32"]


def test_the_format_of_the_log_can_be_chosen():
    assert setting("LOGGING")["handlers"]["console"]["formatter"] == "plain"
    assert setting("LOGGING", LOG_FORMAT="json")["handlers"]["console"]["formatter"] == "json"
