"""`make serve`: the whole site on this machine, in the foreground, under supervisor."""

import fcntl
import os
import resource
import secrets
import shutil
import socket
import sys
from contextlib import suppress
from pathlib import Path

from deploy import nginx
from deploy.place import ROOT, Place, read, say, told

DEPLOY = ROOT / "deploy"
# Debian keeps nginx off the path of ordinary users.
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
OPEN_FILES = 65_536  # more than a worker's streams and sockets need, and nginx two for each
FEW_OPEN_FILES = 16_384


def main() -> None:
    """Makes everything ready, and becomes supervisord."""
    os.umask(0o077)  # the database, for one, is for our eyes only
    place = read(told())
    # NGINX itself is a name that nginx reads: the descriptors that it takes over.
    programs = {"NGINX_PROGRAM": program("nginx"), "REDIS_PROGRAM": redis_server(place)}
    make_folders(place)
    claim(place)
    refuse_taken(place)
    ensure_secret_key(ROOT / ".env")
    place.manage("preflight", *([] if place.server else [place.front]))
    place.bring_up_to_date()
    place.manage("demo", "--if-new")
    nginx.configure(place)
    raise_limits()
    say(
        f"{place.front} with {place.workers} workers. Ctrl-C ends all of it, politely; `make "
        f"status` shows it, `make reload` brings a new version. Logs: {place.folder / 'log'}"
    )
    become_supervisor(place, programs)


def program(name: str) -> str:
    """The path of a program. SystemExit if it is missing."""
    if found := shutil.which(name, path=PATH):
        return found
    raise SystemExit(f"{name} is missing: apt-get install {name}")


def redis_server(place: Place) -> str:
    """The program for a Redis of our own, if it is to be one."""
    return program("redis-server") if place.own_redis else "redis-server"


def make_folders(place: Place) -> None:
    """Makes the folders of a place that are missing, for our own eyes: whoever could open its
    sockets could stop the site or speak in it. The static files are for everyone, and where root
    starts all this, nginx's processes pass through to them."""
    through = 0o711 if os.geteuid() == 0 else 0o700
    modes = {place.folder: through, place.nginx: through, place.folder / "log": 0o700}
    for folder, mode in (modes | {place.static: 0o755}).items():
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(mode)


def claim(place: Place) -> None:
    """Takes the place until this process, or what it becomes, is gone. SystemExit if another
    has it."""
    lock = os.open(place.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(
            f"Already running, from {place.folder}: `make reload` restarts its workers, Ctrl-C or "
            f"SIGTERM where it was started ends it."
        ) from None
    os.set_inheritable(lock, True)


def refuse_taken(place: Place) -> None:
    """SystemExit if something else listens where we want to."""
    front = [] if place.server else [f"{place.bind}:{place.port}"]
    for address in [*front, *place.addresses]:
        host, _, port = address.rpartition(":")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, int(port)))
            except OSError as error:
                raise SystemExit(
                    f"Cannot listen on {address}: {error.strerror}. PORT=, BIND= and WORKER_PORTS= "
                    "(81 gives 8101, 8102 …) choose others."
                ) from None


def ensure_secret_key(file: Path) -> None:
    """Adds a key to `.env` where there is none; takes nothing away."""
    if told().get("SECRET_KEY", "").strip():
        return
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+") as env:
        before = env.read()
        start = "\n" if before and not before.endswith("\n") else ""
        env.write(f"{start}SECRET_KEY={secrets.token_urlsafe(50)}\n")
    say("Wrote a SECRET_KEY into .env, which ends development mode.")


def raise_limits() -> None:
    """Allows as many open files as we may, which all that we start inherits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    if wanted < FEW_OPEN_FILES:
        say(f"A process may open {wanted} files only (ulimit -Hn); few people fit.")


def become_supervisor(place: Place, programs: dict[str, str]) -> None:
    """Replaces this process by supervisord."""
    environment = os.environ | place.settings() | programs
    environment |= {
        "PYTHON": sys.executable,
        "RUN": str(place.folder),
        "WORKERS": str(place.workers),
        "WORKER_PORTS": str(place.worker_ports),
        "OWN_REDIS": str(place.own_redis).lower(),
        "NGINX_USER": nginx.user(place),
    }
    os.chdir(ROOT)
    # Supervisor asks root whether that is meant.
    own = ["-u", "root"] if os.geteuid() == 0 else []
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", *own]
    os.execve(  # noqa: S606
        sys.executable, [*command, "-c", str(DEPLOY / "supervisord.conf")], environment
    )


if __name__ == "__main__":
    main()
