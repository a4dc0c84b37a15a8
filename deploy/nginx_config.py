"""Writes nginx's configuration, and applies a changed one to a running nginx."""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault

from deploy.hosting_config import ROOT, HostingConfig, find_program, print_now
from deploy.running_site import running_worker_addresses

NGINX_CONF = ROOT / "deploy" / "nginx.conf"
NAMES = ("nginx.conf", "workers.conf", "server.conf")
APPLY_SECONDS = 10.0


def write_config(config: HostingConfig) -> None:
    """Write nginx.conf, workers.conf and server.conf into nginx's folder."""
    if config.nginx_server:
        server = f"include {config.nginx_server}"
    else:
        server = f"listen {config.bind}:{config.port}"
    conf = server_conf(server, config.static_root, log_addresses=config.log_addresses)
    write_files(config.nginx_folder, config.worker_addresses, conf)


def server_conf(server: str, static_root: Path, *, log_addresses: bool) -> str:
    """The content of server.conf. `server` is a directive that says where nginx listens."""
    conf = f"{server};\nroot {static_root};\n"
    return conf + "error_log stderr warn;\n" if log_addresses else conf


def write_files(folder: Path, addresses: list[str], conf: str, *, resolver: str = "") -> None:
    """Write the three files into a folder. `conf` is the content of server.conf.

    With the address of a DNS server, nginx starts without workers, and asks for the addresses of
    their names every 5 s. It must be nginx 1.27.3 or newer.
    """
    shutil.copyfile(NGINX_CONF, folder / "nginx.conf")
    # max_fails=0: nginx asks a restarted worker again at once. By default it waits for 10 s, and in
    # a reload, which restarts the next worker by then, it would find no worker. A worker that hangs
    # is not asked for long: the watchdog kills it, and its port then refuses connections.
    options = "max_fails=0 resolve" if resolver else "max_fails=0"
    workers = "".join(f"server {address} {options};\n" for address in addresses)
    if resolver:
        workers = f"resolver {resolver} valid=5s ipv6=off;\n{workers}"
    (folder / "workers.conf").write_text(workers)
    (folder / "server.conf").write_text(conf)


def user_directive(config: HostingConfig) -> str:
    """The `user` directive for nginx, or "" to leave it out.

    When root starts nginx, its worker processes run as the system user `nobody`. If this user
    cannot read the static files, the worker processes must run as root.
    """
    if os.geteuid() == 0 and first_closed_folder(config.static_root):
        return "user root;"
    return ""


def warn_if_root(config: HostingConfig) -> None:
    """Print a note if nginx's worker processes must run as root."""
    if user_directive(config):
        folder = first_closed_folder(config.static_root)
        print_now(
            f"nginx runs as root: other users cannot pass through {folder} to the static files."
        )


def first_closed_folder(folder: Path) -> Path | None:
    """The first of a folder and its parents that other users cannot pass through."""
    folders = (folder, *folder.parents)
    return next((each for each in folders if not each.stat().st_mode & 0o001), None)


# ---- A new version -------------------------------------------------------------------


def write_next(config: HostingConfig) -> Path:
    """Write the configuration of a new version into a folder beside the one that is used. Its
    addresses are those with which the site was started. SystemExit if nginx refuses it."""
    folder = config.nginx_folder / "next"
    folder.mkdir(exist_ok=True)
    conf = (config.nginx_folder / "server.conf").read_text()
    write_files(folder, running_worker_addresses(config), conf)
    command = [find_program("nginx"), "-t", "-q", "-p", str(config.nginx_folder)]
    command += ["-c", "next/nginx.conf", "-e", "stderr", "-g", user_directive(config)]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    if done.returncode and not parsed(done.stderr):
        raise SystemExit(
            "Stopped: nginx refuses its new configuration, and everything runs as before.\n"
            + done.stderr.strip()
        )
    return folder


def parsed(errors: str) -> bool:
    """Whether `nginx -t` failed only because it may not bind port 443 or 80, which needs a right
    that the running nginx has."""
    emergencies = [line for line in errors.splitlines() if "[emerg]" in line]
    return bool(emergencies) and all(
        "bind() to" in line and "(13: Permission denied)" in line for line in emergencies
    )


def apply_next(config: HostingConfig, supervisor: Any, folder: Path) -> None:
    """Use the configuration of `write_next`. SystemExit if nginx does not apply it, for example
    because an address is taken."""
    is_new = any(
        (folder / name).read_bytes() != (config.nginx_folder / name).read_bytes() for name in NAMES
    )
    for name in NAMES:
        (folder / name).replace(config.nginx_folder / name)
    # An operator's file and its certificates may have changed, too.
    if not is_new and not uses_own_file(config):
        return
    process = supervisor.getProcessInfo("site:nginx")
    if process["statename"] != "RUNNING":
        with suppress(Fault):  # supervisor is just starting it
            supervisor.startProcess("site:nginx", False)
        return
    before = child_processes(process["pid"])
    supervisor.signalProcess("site:nginx", "HUP")
    deadline = time.monotonic() + APPLY_SECONDS
    while not child_processes(process["pid"]) - before:
        if time.monotonic() > deadline:
            raise SystemExit(
                "Stopped: nginx does not apply its new configuration, and uses the old one. The "
                f"reason is in {config.run_folder / 'log' / 'nginx.log'}."
            )
        time.sleep(0.1)
    print_now("nginx uses its new configuration")


def uses_own_file(config: HostingConfig) -> bool:
    """Whether the site was started with NGINX_SERVER."""
    return (config.nginx_folder / "server.conf").read_text().startswith("include ")


def child_processes(process_id: int) -> set[str]:
    """The process ids of the children of a process. nginx starts new ones when it applies a
    configuration."""
    return set(Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split())


def has_started(config: HostingConfig, process_id: int) -> bool:
    """Whether the nginx with this process id has opened its addresses. It writes its pid file after
    that. supervisor shows a process that fails a moment later as running."""
    with suppress(OSError, ValueError):
        return int((config.nginx_folder / "nginx.pid").read_text()) == process_id
    return False
