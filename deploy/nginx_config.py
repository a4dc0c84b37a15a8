"""Writes the part of nginx's configuration that differs from machine to machine."""

import os
import shutil
from pathlib import Path

from deploy.hosting_config import ROOT, HostingConfig, print_now

NGINX_CONF = ROOT / "deploy" / "nginx.conf"


def write_config(config: HostingConfig) -> None:
    """Write nginx.conf, workers.conf and server.conf into nginx's folder."""
    if config.nginx_server:
        server = f"include {config.nginx_server}"
    else:
        server = f"listen {config.bind}:{config.port}"
    server_conf = f"{server};\nroot {config.static_root};\n"
    write_files(config.nginx_folder, config.worker_addresses, server_conf)


def write_files(
    folder: Path, addresses: list[str], server_conf: str, *, resolver: str = ""
) -> None:
    """Write the three files into a folder.

    With the address of a DNS server, nginx starts without workers, and asks for the addresses of
    their names every 5 s. It must be nginx 1.27.3 or newer.
    """
    shutil.copyfile(NGINX_CONF, folder / "nginx.conf")
    # max_fails=0: nginx asks a restarted worker again at once. By default it waits for 10 s.
    options = "max_fails=0 resolve" if resolver else "max_fails=0"
    workers = "".join(f"server {address} {options};\n" for address in addresses)
    if resolver:
        workers = f"resolver {resolver} valid=5s ipv6=off;\n{workers}"
    (folder / "workers.conf").write_text(workers)
    (folder / "server.conf").write_text(server_conf)


def user_directive(config: HostingConfig) -> str:
    """The `user` directive for nginx, or "" to leave it out.

    When root starts nginx, its worker processes run as the system user `nobody`. If this user
    cannot read the static files, the worker processes must run as root.
    """
    if os.geteuid() != 0:
        return ""
    if folder := first_closed_folder(config.static_root):
        print_now(
            f"nginx runs as root: other users cannot pass through {folder} to the static files."
        )
        return "user root;"
    return ""


def first_closed_folder(folder: Path) -> Path | None:
    """The first of a folder and its parents that other users cannot pass through."""
    folders = (folder, *folder.parents)
    return next((each for each in folders if not each.stat().st_mode & 0o001), None)
