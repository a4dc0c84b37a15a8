"""Where a hosted site runs: its folder, addresses and number of workers."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
# Linux gives the path of a unix socket 108 bytes, and supervisor adds its process id to its own.
LONGEST_FOLDER = 75


def told() -> dict[str, str]:
    """The environment and, below it, what `.env` says; as config.settings reads them."""
    written = {name: value or "" for name, value in dotenv_values(ROOT / ".env").items()}
    return written | dict(os.environ)


@dataclass(frozen=True)
class Place:
    """One hosted site of this machine."""

    folder: Path  # everything that is made while it runs
    bind: str
    port: int
    workers: int
    worker_ports: int  # the first digits of the workers' ports: 81 gives 8101, 8102 …
    server: Path | None  # an nginx server of one's own making, in place of BIND and PORT
    static: Path
    redis_url: str
    own_redis: bool

    @property
    def front(self) -> str:
        """Where people find it."""
        return f"The server of {self.server}" if self.server else f"http://{self.bind}:{self.port}/"

    @property
    def addresses(self) -> list[str]:
        """Where each worker listens. One of its own for each: of those that share a descriptor,
        the kernel wakes some far more than others."""
        return [f"127.0.0.1:{self.worker_ports}{n:02}" for n in range(1, self.workers + 1)]

    @property
    def nginx(self) -> Path:
        return self.folder / "nginx"

    @property
    def supervisor(self) -> Path:
        return self.folder / "supervisor.sock"

    def settings(self) -> dict[str, str]:
        """What the site is told beside its own settings."""
        return {"STATIC_ROOT": str(self.static)} | (
            {"REDIS_URL": self.redis_url} if self.own_redis else {}
        )

    def manage(self, *arguments: str) -> None:
        """Runs a command of manage.py. SystemExit if it fails."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | self.settings())  # noqa: S603
        if done.returncode:
            raise SystemExit(f"Stopped: `manage.py {arguments[0]}` failed.")

    def bring_up_to_date(self) -> None:
        """Gives the database and the static files the form of this version."""
        say("Migrating the database …")
        self.manage("migrate", "-v0")
        say("Collecting the static files …")
        self.manage("collectstatic", "-v0", "--noinput")


def say(sentence: str) -> None:
    """Says what goes on, at once."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def read(values: Mapping[str, str]) -> Place:
    """The place that the environment describes. SystemExit if it describes none."""
    folder = Path(ROOT, values.get("RUN") or "run").resolve()
    if len(str(folder).encode()) > LONGEST_FOLDER:
        raise SystemExit(f"{folder} is too long for unix sockets in it; RUN= names another folder.")
    redis_url = values.get("REDIS_URL", "").strip()
    return Place(
        folder=folder,
        bind=values.get("BIND") or "127.0.0.1",
        port=whole(values, "PORT", 8080, 1, 65_535),
        workers=whole(values, "WORKERS", 2, 1, 99),
        worker_ports=whole(values, "WORKER_PORTS", 81, 11, 654),
        server=Path(ROOT, own).resolve() if (own := values.get("NGINX_SERVER")) else None,
        static=Path(ROOT, values.get("STATIC_ROOT") or folder / "static").resolve(),
        redis_url=redis_url or f"unix://{folder / 'redis.sock'}",
        own_redis=not redis_url,
    )


def whole(values: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """A whole number. SystemExit if it is none, or too small or large."""
    text = (values.get(name) or str(default)).strip()
    if not re.fullmatch(r"\d{1,5}", text) or not least <= int(text) <= most:
        raise SystemExit(f"Bad value of {name}: it is a whole number from {least} to {most}.")
    return int(text)
