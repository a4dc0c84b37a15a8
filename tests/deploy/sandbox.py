"""Containers without an engine: the tree that the Dockerfile builds, in namespaces of the kernel.

A process of it is process 1, has another root folder, no privileges, and can write only to its
volumes and to its tmpfs. It shares the network of this machine.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.dockerfile import context, copy, read_dockerfile
from tests.processes import ROOT, Process, need

# The folders that stand for the base image, and the packages that the Dockerfile installs.
BASE = [name for name in ("/bin", "/etc", "/lib", "/lib64", "/sbin", "/usr") if Path(name).exists()]
if not sys.base_prefix.startswith("/usr"):
    BASE.append(sys.base_prefix)
PACKAGES = "/opt/venv"
PATH = f"{PACKAGES}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Arguments: the new root folder; a source, a path below the root and `ro` or `rw` for each mount;
# `--`; the path of each tmpfs; `--`; `ro` or `rw` for the root itself; the command.
MOUNTS = """
set -e
root=$1; shift
while [ "$1" != -- ]; do
    mount --bind "$1" "$root$2"
    [ "$3" = rw ] || mount -o remount,bind,ro "$root$2"
    shift 3
done
shift
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do mount -t tmpfs -o mode=1777 tmpfs "$root$1"; shift; done
shift
[ "$1" = rw ] || mount -o remount,bind,ro "$root"
shift
cd /
exec "$@"
"""
UNSHARE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
# What `init: true` of compose.yaml adds: process 1 passes SIGTERM on, and ends with its child.
INIT = """
trap 'kill -TERM $child' TERM
"$@" &
child=$!
wait $child; status=$?
while kill -0 $child 2>/dev/null; do wait $child; status=$?; done
exit $status
"""
UNPRIVILEGED = ["--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]


def need_namespaces() -> None:
    """Skips the test where this user may not create namespaces and mount into them."""
    program = need("unshare")
    tried = [program, *UNSHARE[1:], "mount", "-t", "tmpfs", "tmpfs", "/tmp"]
    if subprocess.run(tried, capture_output=True).returncode:
        pytest.skip("this user may not mount in a namespace of its own")


def is_link(folder: str) -> bool:
    """Whether a folder of / is a link, as /bin is to usr/bin."""
    return Path(folder).is_symlink()


class Image:
    """The tree that the Dockerfile builds."""

    def __init__(self, folder: Path):
        self.dockerfile = read_dockerfile()
        self.root = folder / "root"
        self.home = self.root / self.dockerfile.last("WORKDIR").lstrip("/")
        self.home.mkdir(parents=True)
        for name in [*BASE, PACKAGES, "/dev", "/proc", "/tmp"]:
            if is_link(name):
                (self.root / name[1:]).symlink_to(os.readlink(name))
            else:
                (self.root / name[1:]).mkdir(parents=True, exist_ok=True)

    def build(self) -> "Image":
        """Executes the instructions in their order. Only `pip install` is not executed: the
        packages are those of this Python."""
        for name, arguments in self.dockerfile.instructions:
            if name == "COPY":
                self._copy(*arguments.split())
            elif name == "RUN" and not arguments.startswith("pip install"):
                environment = self.dockerfile.environment
                done = self.run(["sh", "-c", arguments], environment, build=True)
                assert done.returncode == 0, done.stderr
        return self

    def _copy(self, source: str, target: str) -> None:
        assert target == "./"
        names = list(context(ROOT))
        copy(names if source == "." else [source], ROOT, self.home)

    def command(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        service: Mapping[str, Any] | None = None,
        volumes: Mapping[str, Path] | None = None,
        build: bool = False,
    ) -> list[str]:
        """The command that runs another one in a container of this image: as a service of
        compose.yaml, whose volumes are folders here, or for RUN, as root."""
        service = service or {}
        mounts = [(str(self.root), "", "rw")]
        mounts += [(name, name, "ro") for name in BASE if not is_link(name)]
        mounts += [(sys.prefix, PACKAGES, "ro"), ("/dev", "/dev", "rw")]
        for volume in service.get("volumes", []):
            name, path, *mode = volume.split(":")
            (self.root / path[1:]).mkdir(parents=True, exist_ok=True)
            mounts.append((str(volumes[name]), path, *(mode or ["rw"])))
        read_only = service.get("read_only", False) and not build
        init = ["sh", "-c", INIT, "sh"] if service.get("init") else []
        return [
            *UNSHARE,
            *("sh", "-c", MOUNTS, "sh", str(self.root)),
            *(part for mount in mounts for part in mount),
            "--",
            *(service.get("tmpfs", ["/tmp"] if build else [])),
            "--",
            "ro" if read_only else "rw",
            *("chroot", str(self.root)),
            *self.inside(environment, [*init, *command], {} if build else service),
        ]

    def inside(
        self, environment: Mapping[str, str], command: Sequence[str], service: Mapping[str, Any]
    ) -> list[str]:
        """The command that runs another one once the root folder is that of the container: with the
        user, the variables and the working directory of the image. Without a service, as root."""
        variables = {"PATH": PATH, "HOME": "/", **self.dockerfile.environment, **environment}
        return [
            *(self._user(service) if service else []),
            *("env", "-i", *(f"{name}={value}" for name, value in variables.items())),
            *("sh", "-c", 'cd "$0" && exec "$@"', self.dockerfile.last("WORKDIR"), *command),
        ]

    def _user(self, service: Mapping[str, Any]) -> list[str]:
        """The command that drops every privilege and takes the identity of the image, or of a
        service with its own image, whose user has some other number."""
        uid, gid = self.dockerfile.last("USER").split(":")
        assert service["cap_drop"] == ["ALL"]
        if "user" in service:
            uid = gid = "101"
        return ["setpriv", f"--reuid={uid}", f"--regid={gid}", *UNPRIVILEGED]

    def run(self, *arguments: Any, **options: Any) -> subprocess.CompletedProcess:
        """Runs a command in a container until it ends. The arguments are those of `command`."""
        command = self.command(*arguments, **options)
        return subprocess.run(command, capture_output=True, text=True, timeout=240)


class Container(Process):
    """A process that runs in a container."""

    def __init__(self, command: list[str], log: Path, port: int):
        super().__init__(command, log)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}"

    @property
    def process_1(self) -> int:
        """The process id of the container's process 1, as this machine counts."""
        unshare = self.running.pid
        return int(Path(f"/proc/{unshare}/task/{unshare}/children").read_text())

    def status(self) -> dict[str, str]:
        """What the kernel says about process 1."""
        lines = Path(f"/proc/{self.process_1}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess:
        """Runs another command in the container, as an engine does for a health check."""
        into = [f"--target={self.process_1}", "--mount", "--pid", "--root", "--wd"]
        return subprocess.run(
            ["nsenter", *into, *command], capture_output=True, text=True, timeout=240
        )

    def close(self) -> None:
        self.kill()
