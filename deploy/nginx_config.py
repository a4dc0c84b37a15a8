"""Writes the part of nginx's configuration that differs from machine to machine."""

import os
import shutil
from pathlib import Path

from deploy.hosting_config import ROOT, HostingConfig, print_now

NGINX_CONF = ROOT / "deploy" / "nginx.conf"


def write_config(config: HostingConfig) -> None:
    """Write nginx.conf, workers.conf and server.conf into nginx's folder."""
    shutil.copyfile(NGINX_CONF, config.nginx_folder / "nginx.conf")
    # max_fails=0: nginx asks a restarted worker again at once. By default it waits for 10 s.
    workers = "".join(f"server {address} max_fails=0;\n" for address in config.worker_addresses)
    (config.nginx_folder / "workers.conf").write_text(workers)
    if config.nginx_server:
        server = f"include {config.nginx_server}"
    else:
        server = f"listen {config.bind}:{config.port}"
    server_conf = f"{server};\nroot {config.static_root};\n"
    if config.log_addresses:
        server_conf += "error_log stderr warn;\n"
    (config.nginx_folder / "server.conf").write_text(server_conf)


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
