"""The endpoints that the server listens on."""

import resource
import socket
import subprocess
import sys

import pytest

from config.server.listen import normalise


def test_an_endpoint_gets_a_longer_backlog():
    assert normalise("tcp:port=8000:interface=127.0.0.1").endswith(":backlog=1024")
    assert normalise("tcp:port=8000:backlog=5") == "tcp:port=8000:backlog=5"
    assert normalise("fd:fileno=3") == "fd:fileno=3"


def test_the_socket_file_of_a_killed_worker_is_removed(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert path.is_socket()
    normalise(f"unix:{path}")
    assert not path.exists()


def test_the_socket_of_a_worker_that_listens_stays(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen()
        with pytest.raises(SystemExit, match="Another worker listens on"):
            normalise(f"unix:{path}")
    assert path.is_socket()


def test_a_file_that_is_not_a_socket_is_not_removed(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(SystemExit, match="is not a socket"):
        normalise(f"unix:{tmp_path / 'notes'}")
    assert (tmp_path / "notes").read_text() == "mine"


def test_the_limit_of_open_files_is_raised_to_the_hard_limit():
    code = (
        "import resource as r; soft, hard = r.getrlimit(r.RLIMIT_NOFILE);"
        "r.setrlimit(r.RLIMIT_NOFILE, (64, hard));"
        "from config.server.listen import raise_open_file_limit; raise_open_file_limit();"
        "print(*r.getrlimit(r.RLIMIT_NOFILE))"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert printed == [str(resource.getrlimit(resource.RLIMIT_NOFILE)[1])] * 2
