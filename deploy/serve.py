"""`make serve`: prepares the whole site on this machine, then becomes supervisord."""

import fcntl
import os
import resource
import secrets
import shutil
import socket
import sys
from contextlib import suppress
from pathlib import Path

from deploy import releases
from deploy.hosting_config import (
    ROOT,
    HostingConfig,
    find_program,
    parse,
    print_now,
    read_environment,
)
from deploy.nginx_config import user_directive, warn_if_root, write_config

SUPERVISOR_CONF = ROOT / "deploy" / "supervisord.conf"
OPEN_FILES = 65_536  # a worker needs one per stream and socket, nginx two
FEW_OPEN_FILES = 16_384


def main() -> None:
    """Prepare everything, then replace this process by supervisord."""
    os.umask(0o077)  # other users must not read the database and the logs
    config = parse(read_environment())
    # Not NGINX: nginx itself reads a variable of that name (inherited sockets).
    programs = {"NGINX_PROGRAM": find_program("nginx"), "REDIS_PROGRAM": find_redis(config)}
    make_folders(config)
    lock_run_folder(config)
    check_ports_are_free(config)
    ensure_secret_key(ROOT / ".env")
    make_release(config)
    write_config(config)
    warn_if_root(config)
    shutil.copyfile(SUPERVISOR_CONF, config.supervisor_conf)
    raise_open_files_limit()
    print_now(
        f"{config.public_address} with {config.workers} workers. Ctrl-C stops everything after "
        f"its connections are drained. `make status` shows what runs, `make reload` deploys a "
        f"new version. Logs: {config.run_folder / 'log'}"
    )
    become_supervisord(config, programs)


def find_redis(config: HostingConfig) -> str:
    """The path of redis-server. It may be missing if REDIS_URL names another Redis."""
    return find_program("redis-server") if config.starts_redis else "redis-server"


def make_folders(config: HostingConfig) -> None:
    """Create the missing folders. Other users must not open our sockets: they could stop the site
    or publish messages in it. Only the static files are readable by everyone; if root starts the
    site, nginx's worker processes are another user and pass through to them."""
    passable = 0o711 if os.geteuid() == 0 else 0o700
    modes = {
        config.run_folder: passable,
        config.nginx_folder: passable,
        config.run_folder / "log": 0o700,
        config.releases_folder: 0o700,
        config.static_root: 0o755,
    }
    for folder, mode in modes.items():
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(mode)


def lock_run_folder(config: HostingConfig) -> None:
    """Lock the run folder until this process, or supervisord after it, has ended. SystemExit if
    another site holds the lock."""
    lock = os.open(config.run_folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(
            f"Already running, from {config.run_folder}. `make reload` restarts its workers. "
            "Ctrl-C or SIGTERM stops it, where it was started."
        ) from None
    os.set_inheritable(lock, True)


def check_ports_are_free(config: HostingConfig) -> None:
    """SystemExit if another process listens on one of our addresses."""
    front = [] if config.nginx_server else [f"{config.bind}:{config.port}"]
    for address in [*front, *config.worker_addresses]:
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, int(port)))
            except OSError as error:
                raise SystemExit(
                    f"Cannot listen on {address}: {error.strerror}. Choose another one with PORT, "
                    "BIND, WORKER_BIND or WORKER_PORTS (81 gives 8101, 8102 …)."
                ) from None


def ensure_secret_key(file: Path) -> None:
    """Append a new SECRET_KEY to `.env` if none is set. Other lines stay."""
    if read_environment().get("SECRET_KEY", "").strip():
        return
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+") as env:
        before = env.read()
        start = "\n" if before and not before.endswith("\n") else ""
        env.write(f"{start}SECRET_KEY={secrets.token_urlsafe(50)}\n")
    print_now("Wrote a SECRET_KEY into .env. Development mode is now off.")


def make_release(config: HostingConfig) -> None:
    """Copy the code of the checkout into a release, and let every process use it."""
    release = releases.create(config)
    address = [] if config.nginx_server else [config.public_address]
    try:
        config.prepare(release, "--demo", *address)
        releases.keep_manifest(config, release)
        for process in (releases.CURRENT, *config.worker_names):
            releases.point(config, process, release)
    finally:
        releases.remove_unused(config)


def raise_open_files_limit() -> None:
    """Raise the limit of open files as far as the hard limit permits. Every process that we start
    inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    if wanted < FEW_OPEN_FILES:
        print_now(
            f"The limit of open files is {wanted} (ulimit -Hn). Few people can connect at once."
        )


def become_supervisord(config: HostingConfig, programs: dict[str, str]) -> None:
    """Replace this process by supervisord."""
    environment = os.environ | config.django_environment() | programs
    environment |= {
        "PYTHON": sys.executable,
        "RUN": str(config.run_folder),
        "WORKERS": str(config.workers),
        "WORKER_BIND": config.worker_bind,
        "WORKER_PORTS": str(config.worker_port_prefix),
        "OWN_REDIS": str(config.starts_redis).lower(),
        "NGINX_USER": user_directive(config),
    }
    os.chdir(config.run_folder)
    # Without `-u root`, supervisord warns root about running as root.
    user = ["-u", "root"] if os.geteuid() == 0 else []
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", *user]
    os.execve(  # noqa: S606
        sys.executable, [*command, "-c", str(config.supervisor_conf)], environment
    )


if __name__ == "__main__":
    main()
