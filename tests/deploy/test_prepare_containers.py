"""What `python -m deploy.prepare_containers` and `python -m deploy.healthcheck` do with options and
files."""

import subprocess
import sys

import pytest

from deploy import nginx_config
from deploy.prepare_containers import parse, publish
from tests.processes import ROOT


def test_static_files_of_older_versions_stay(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source / "chat", target / "chat"):
        folder.mkdir(parents=True)
    (target / "chat" / "page.0123456789ab.js").write_text("old")
    (target / "manifest.json").write_text("old")
    (source / "chat" / "page.ba9876543210.js").write_text("new")
    (source / "manifest.json").write_text("new")
    assert publish(source, target) == 2
    assert publish(source, target) == 0
    found = {path.name: path.read_text() for path in target.rglob("*") if path.is_file()}
    assert found == {
        "manifest.json": "new",
        "page.0123456789ab.js": "old",
        "page.ba9876543210.js": "new",
    }


def test_a_file_is_never_half_written_where_nginx_reads_it(tmp_path, monkeypatch):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "page.js").write_text("new")
    (target / "page.js").write_text("old")

    def fail(source, target):
        target.write_text("ne")
        raise OSError

    monkeypatch.setattr("deploy.prepare_containers.shutil.copyfile", fail)
    with pytest.raises(OSError):
        publish(source, target)
    assert (target / "page.js").read_text() == "old"


def test_nginx_looks_names_up_again_only_with_a_resolver(tmp_path):
    nginx_config.write_files(tmp_path, ["10.0.0.1:8000", "10.0.0.2:8000"], "listen 8080;\n")
    written = (tmp_path / "workers.conf").read_text()
    assert written == "server 10.0.0.1:8000 max_fails=0;\nserver 10.0.0.2:8000 max_fails=0;\n"
    assert (tmp_path / "server.conf").read_text() == "listen 8080;\n"
    assert (tmp_path / "nginx.conf").read_bytes() == (ROOT / "deploy" / "nginx.conf").read_bytes()
    nginx_config.write_files(tmp_path, ["worker-1:8000"], "", resolver="127.0.0.11")
    assert (tmp_path / "workers.conf").read_text() == (
        "resolver 127.0.0.11 valid=5s ipv6=off;\nserver worker-1:8000 max_fails=0 resolve;\n"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"--nginx": "/missing"}, "/missing is not a folder"),
        ({"--workers": None}, "--workers"),
        ({"--colour": "red"}, "--colour"),
    ],
)
def test_a_bad_option_of_prepare_ends_with_2_and_a_reason(tmp_path, capsys, change, reason):
    options = {"--workers": "w:8000", "--nginx": str(tmp_path), "--static": str(tmp_path)} | change
    with pytest.raises(SystemExit) as stopped:
        parse([word for pair in options.items() if pair[1] for word in pair])
    assert stopped.value.code == 2
    assert reason in capsys.readouterr().err


def test_a_bad_url_of_the_health_check_ends_with_2_and_a_reason():
    command = [sys.executable, "-m", "deploy.healthcheck", "127.0.0.1:8000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.endswith("127.0.0.1:8000 is not a URL of the form http://host:port/path\n")
