"""Where the server listens."""

import resource
import socket
import subprocess
import sys

import pytest

from config.server.backpressure import STUCK_SECONDS, prepare
from config.server.listen import ready


def test_a_port_gets_a_longer_queue():
    assert ready("tcp:port=8000:interface=127.0.0.1").endswith(":backlog=1024")
    assert ready("tcp:port=8000:backlog=5") == "tcp:port=8000:backlog=5"
    assert ready("fd:fileno=3") == "fd:fileno=3"


def test_the_file_of_a_dead_worker_is_removed(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert path.is_socket()
    ready(f"unix:{path}")
    assert not path.exists()


def test_a_worker_that_listens_is_not_driven_out(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen()
        with pytest.raises(SystemExit, match="Another worker listens on"):
            ready(f"unix:{path}")
    assert path.is_socket()


def test_a_file_is_never_taken_for_a_socket(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(SystemExit, match="is no socket"):
        ready(f"unix:{tmp_path / 'notes'}")
    assert (tmp_path / "notes").read_text() == "mine"


def test_as_many_files_may_be_open_as_are_allowed():
    code = (
        "import resource as r; soft, hard = r.getrlimit(r.RLIMIT_NOFILE);"
        "r.setrlimit(r.RLIMIT_NOFILE, (64, hard));"
        "from config.server.listen import raise_open_files; raise_open_files();"
        "print(*r.getrlimit(r.RLIMIT_NOFILE))"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert printed == [str(resource.getrlimit(resource.RLIMIT_NOFILE)[1])] * 2


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux alone has it")
def test_the_kernel_gives_up_who_has_vanished():
    class Port:
        socket = socket.create_server(("127.0.0.1", 0))

    prepare(Port)
    with Port.socket, socket.create_connection(Port.socket.getsockname()):
        accepted, _ = Port.socket.accept()
        with accepted:
            kept = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert kept == 2 * STUCK_SECONDS * 1000
