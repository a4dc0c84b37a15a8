"""As whom nginx runs."""

from pathlib import Path

import pytest

from deploy import nginx, place


@pytest.fixture
def static(tmp_path):
    """A folder for static files, in one that can be closed."""
    (tmp_path / "home" / "static").mkdir(parents=True)
    tmp_path.chmod(0o700)
    return tmp_path / "home" / "static"


def test_a_folder_is_closed_by_any_above_it(static):
    assert nginx.closed(Path("/usr")) is None
    assert nginx.closed(static) is not None
    static.parent.chmod(0o700)
    assert nginx.closed(static) == static.parent


@pytest.mark.parametrize(("uid", "expected"), [(0, "user root;"), (1000, "")])
def test_root_reads_what_nobody_else_may(static, monkeypatch, capsys, uid, expected):
    monkeypatch.setattr(nginx.os, "geteuid", lambda: uid)
    assert nginx.user(place.read({"STATIC_ROOT": str(static)})) == expected
    assert ("nginx runs as root" in capsys.readouterr().out) is bool(expected)
    open_to_all = place.read({"STATIC_ROOT": "/usr"})
    assert nginx.user(open_to_all) == ""
