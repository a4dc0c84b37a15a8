"""What the contenders need here, and in which versions it is there."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.compare.contenders import PEERS, Contender

NODE_MODULES = PEERS / "node" / "node_modules"
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
HOW = "`make bench` or"
# Debian keeps nginx off the path of ordinary users.
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


class Missing(Exception):
    """A contender cannot be started: what it lacks, and how to get it."""


def program(name: str, package: str) -> str:
    """The path of a program."""
    found = shutil.which(name, path=PATH)
    if not found:
        raise Missing(
            f"{name} is missing; `make bench` or `apt-get install {package}` installs it."
        )
    return found


def check(contender: Contender) -> None:
    """Missing, if anything is that the contender needs."""
    if contender.redis:
        program("redis-server", "redis-server")
    if contender.folder == "node":
        program("node", "nodejs")
    if contender.folder == "nchan":
        program("nginx", "nginx")
        if not NCHAN.exists():
            raise Missing(
                f"{NCHAN} is missing; {HOW} `apt-get install libnginx-mod-nchan` installs it."
            )
    versions(contender)


def versions(contender: Contender) -> dict[str, str]:
    """The version of each package that it is made of."""
    return dict(_versions(contender))


def _versions(contender: Contender) -> Iterator[tuple[str, str]]:
    if contender.folder == "node":
        yield "Node", _said(program("node", "nodejs"), "--version").lstrip("v")
    for name in contender.packages:
        match name.split("/"):
            case ["node", package]:
                yield package, _of_npm(package)
            case ["debian", package]:
                yield package, _said("dpkg-query", "-W", "-f${Version}", package)
            case [package]:
                yield package, _of_pip(package)


def _of_npm(package: str) -> str:
    try:
        found: str = json.loads((NODE_MODULES / package / "package.json").read_text())["version"]
    except FileNotFoundError:
        raise Missing(
            f"{package} is missing; {HOW} `npm ci` in {NODE_MODULES.parent} installs it."
        ) from None
    return found


def _of_pip(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise Missing(
            f"{package} is missing; {HOW} `pip install -r requirements-bench.txt` installs it."
        ) from None


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
