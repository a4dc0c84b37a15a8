"""The user as which nginx's worker processes run."""

from dataclasses import replace
from pathlib import Path

import pytest

from deploy import hosting_config, nginx_config


@pytest.fixture
def static(tmp_path):
    """A folder for static files, below a folder that other users cannot pass through."""
    (tmp_path / "home" / "static").mkdir(parents=True)
    tmp_path.chmod(0o700)
    return tmp_path / "home" / "static"


def test_a_closed_folder_above_the_static_files_is_found(static):
    assert nginx_config.first_closed_folder(Path("/usr")) is None
    assert nginx_config.first_closed_folder(static) is not None
    static.parent.chmod(0o700)
    assert nginx_config.first_closed_folder(static) == static.parent


@pytest.mark.parametrize(("uid", "expected"), [(0, "user root;"), (1000, "")])
def test_nginx_runs_as_root_only_if_others_cannot_read_the_static_files(
    static, monkeypatch, capsys, uid, expected
):
    monkeypatch.setattr(nginx_config.os, "geteuid", lambda: uid)
    closed = hosting_config.parse({"STATIC_ROOT": str(static)})
    assert nginx_config.user_directive(closed) == expected
    nginx_config.warn_if_root(closed)
    assert ("nginx runs as root" in capsys.readouterr().out) is bool(expected)
    open_to_all = hosting_config.parse({"STATIC_ROOT": "/usr"})
    assert nginx_config.user_directive(open_to_all) == ""


def test_an_nginx_that_has_not_opened_its_addresses_has_not_started(tmp_path):
    """While another process has its port, nginx tries for seconds, and supervisor shows it as
    running."""
    config = hosting_config.parse({"RUN": str(tmp_path)})
    config.nginx_folder.mkdir()
    assert not nginx_config.has_started(config, 7)
    (config.nginx_folder / "nginx.pid").write_text("7\n")
    assert nginx_config.has_started(config, 7)
    assert not nginx_config.has_started(config, 8)


BIND = "nginx: [emerg] bind() to 0.0.0.0:443 failed (13: Permission denied)\n"


@pytest.mark.parametrize(
    ("errors", "parsed"),
    [
        (BIND, True),
        (BIND * 2 + "nginx: configuration file nginx.conf test failed\n", True),
        (BIND + 'nginx: [emerg] unknown directive "lisen"\n', False),
        ("nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n", False),
        ("", False),
    ],
)
def test_a_port_that_only_root_may_bind_is_no_fault_of_the_configuration(errors, parsed):
    assert nginx_config.parsed(errors) is parsed


@pytest.mark.parametrize(("value", "logged"), [("", False), ("off", False), ("true", True)])
def test_nginx_logs_addresses_only_if_asked_for(tmp_path, value, logged):
    config = hosting_config.parse({"LOG_ADDRESSES": value})
    config = replace(config, run_folder=tmp_path)
    config.nginx_folder.mkdir()
    nginx_config.write_config(config)
    lines = (config.nginx_folder / "server.conf").read_text().splitlines()
    assert ("error_log stderr warn;" in lines) is logged
