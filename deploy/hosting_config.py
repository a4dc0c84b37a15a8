"""The configuration of `make serve`: folders, addresses, number of workers, Redis."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
# Linux limits the path of a unix socket to 108 bytes. supervisor appends its process id to the
# name of its socket while it creates it.
MAX_RUN_FOLDER_BYTES = 75
# Debian installs nginx into /usr/sbin, which is not on the PATH of ordinary users.
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def read_environment() -> dict[str, str]:
    """The environment variables, and those of `.env` that the environment does not set. The same
    order as in config.settings."""
    from_file = {name: value or "" for name, value in dotenv_values(ROOT / ".env").items()}
    return from_file | dict(os.environ)


@dataclass(frozen=True)
class HostingConfig:
    """The configuration of one hosted site on this machine."""

    run_folder: Path  # every file that is created at run time
    bind: str
    port: int
    workers: int
    worker_bind: str  # the address of this machine on which the workers listen
    worker_port_prefix: int  # 81 gives the ports 8101, 8102 …
    nginx_server: Path | None  # the operator's own nginx server block; replaces bind and port
    static_root: Path
    data_root: Path
    redis_url: str
    starts_redis: bool
    watchdog_seconds: int  # 0: no worker is killed
    log_addresses: bool  # whether nginx's log may contain addresses and queries of people

    @property
    def public_address(self) -> str:
        """The address of the site, for messages to the operator."""
        if self.nginx_server:
            return f"The server of {self.nginx_server}"
        return f"http://{self.bind}:{self.port}/"

    @property
    def worker_addresses(self) -> list[str]:
        """The address of each worker for connections from this machine, as host:port. Workers do
        not share one listening socket: the kernel would wake some of them far more often than
        others."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.worker_bind, self.worker_bind)  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        numbers = range(1, self.workers + 1)
        return [f"{host}:{self.worker_port_prefix}{number:02}" for number in numbers]

    @property
    def worker_names(self) -> list[str]:
        """The names of the workers in supervisord."""
        return [f"worker_{number}" for number in range(1, self.workers + 1)]

    @property
    def nginx_folder(self) -> Path:
        """The folder of nginx's configuration, pid file and temporary files."""
        return self.run_folder / "nginx"

    @property
    def releases_folder(self) -> Path:
        """The folder of the copies of the code, and of the links that name the one in use."""
        return self.run_folder / "releases"

    @property
    def supervisor_conf(self) -> Path:
        """The configuration file with which supervisord was started."""
        return self.run_folder / "supervisord.conf"

    @property
    def supervisor_socket(self) -> Path:
        """The unix socket on which supervisord takes commands."""
        return self.run_folder / "supervisor.sock"

    def django_environment(self) -> dict[str, str]:
        """The environment variables that this configuration adds for Django."""
        added = {"STATIC_ROOT": str(self.static_root), "DATA_ROOT": str(self.data_root)}
        if self.starts_redis:
            added["REDIS_URL"] = self.redis_url
        return added

    def prepare(self, release: Path, *arguments: str) -> None:
        """Update the database and the static files to the version of a release, in a process that
        runs the code of the release. SystemExit if that fails; the process has said why."""
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "deploy.prepare", *arguments],
            cwd=release,
            env=os.environ | self.django_environment(),
        )
        if done.returncode:
            raise SystemExit(done.returncode)


def find_program(name: str) -> str:
    """The path of a program. SystemExit if it is missing."""
    if found := shutil.which(name, path=PATH):
        return found
    raise SystemExit(f"{name} is missing: apt-get install {name}")


def print_now(line: str) -> None:
    """Print a line without buffering: supervisord and systemd read our output through a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def parse(values: Mapping[str, str]) -> HostingConfig:
    """The configuration that these environment variables describe. SystemExit on a bad value."""
    run_folder = Path(ROOT, values.get("RUN") or "run").resolve()
    if len(str(run_folder).encode()) > MAX_RUN_FOLDER_BYTES:
        raise SystemExit(
            f"{run_folder} is too long a path for unix sockets. Set RUN to another folder."
        )
    nginx_server = values.get("NGINX_SERVER")
    static_root = values.get("STATIC_ROOT") or run_folder / "static"
    data_root = values.get("DATA_ROOT") or ROOT
    redis_url = values.get("REDIS_URL", "").strip()
    return HostingConfig(
        run_folder=run_folder,
        bind=values.get("BIND") or "127.0.0.1",
        port=parse_int(values, "PORT", 8080, 1, 65_535),
        workers=parse_int(values, "WORKERS", 2, 1, 99),
        worker_bind=parse_address(values, "WORKER_BIND", "127.0.0.1"),
        worker_port_prefix=parse_int(values, "WORKER_PORTS", 81, 11, 654),
        nginx_server=Path(ROOT, nginx_server).resolve() if nginx_server else None,
        static_root=Path(ROOT, static_root).resolve(),
        data_root=Path(ROOT, data_root).resolve(),
        redis_url=redis_url or f"unix://{run_folder / 'redis.sock'}",
        starts_redis=not redis_url,
        watchdog_seconds=parse_int(values, "WATCHDOG_SECONDS", 10, 0, 600),
        log_addresses=parse_bool(values, "LOG_ADDRESSES"),
    )


def parse_address(values: Mapping[str, str], name: str, default: str) -> str:
    """An IP address. SystemExit if the value is not one."""
    text = values.get(name, "").strip() or default
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        raise SystemExit(
            f"Bad value of {name}: use an IP address of this machine, such as 10.0.0.5, or 0.0.0.0 "
            "for all."
        ) from None


def parse_bool(values: Mapping[str, str], name: str) -> bool:
    """Whether a setting is on. config/settings.py has refused every other word."""
    return values.get(name, "").strip().lower() in ("1", "on", "t", "true", "y", "yes")


def parse_int(
    values: Mapping[str, str], name: str, default: int, minimum: int, maximum: int
) -> int:
    """A whole number in a range. SystemExit if the value is not one."""
    text = (values.get(name) or str(default)).strip()
    if not re.fullmatch(r"\d{1,5}", text) or not minimum <= int(text) <= maximum:
        raise SystemExit(f"Bad value of {name}: use a whole number from {minimum} to {maximum}.")
    return int(text)
