"""Whether what a contender needs is installed, and in which versions."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.compare.contenders import PEERS, Contender

NODE = PEERS / "node"
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
MAKE = "`make bench` or"
# Debian does not put nginx on the path of ordinary users.
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


class Missing(Exception):
    """A contender cannot be started. The text says what is missing and how to install it."""


def program(name: str, package: str) -> str:
    """The path of a program."""
    found = shutil.which(name, path=PATH)
    if not found:
        raise Missing(
            f"{name} is missing; `make bench` or `apt-get install {package}` installs it."
        )
    return found


def check(contender: Contender) -> None:
    """Raises Missing if something that the contender needs is not installed."""
    if contender.redis:
        program("redis-server", "redis-server")
    if contender.home == NODE:
        program("node", "nodejs")
    if contender.name == "nchan":
        program("nginx", "nginx")
        if not NCHAN.exists():
            raise Missing(
                f"{NCHAN} is missing; {MAKE} `apt-get install libnginx-mod-nchan` installs it."
            )
    versions(contender)


def versions(contender: Contender) -> dict[str, str]:
    """The version of each of its packages."""
    return dict(_versions(contender))


def _versions(contender: Contender) -> Iterator[tuple[str, str]]:
    if contender.home == NODE:
        yield "Node", _output(program("node", "nodejs"), "--version").lstrip("v")
    for name in contender.packages:
        match name.split("/"):
            case ["node", package]:
                yield package, _of_npm(package)
            case ["debian", package]:
                yield package, _output("dpkg-query", "-W", "-f${Version}", package)
            case [package]:
                yield package, _of_pip(package)


def _of_npm(package: str) -> str:
    path = NODE / "node_modules" / package / "package.json"
    try:
        found: str = json.loads(path.read_text())["version"]
    except FileNotFoundError:
        raise Missing(f"{package} is missing; {MAKE} `npm ci` in {NODE} installs it.") from None
    return found


def _of_pip(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise Missing(
            f"{package} is missing; {MAKE} `pip install -r requirements-bench.txt` installs it."
        ) from None


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
