"""What nginx is told that differs from machine to machine."""

import os
import shutil
from pathlib import Path

from deploy.place import ROOT, Place, say

CONFIGURATION = ROOT / "deploy" / "nginx.conf"


def configure(place: Place) -> None:
    """Lays it beside nginx.conf."""
    shutil.copyfile(CONFIGURATION, place.nginx / "nginx.conf")
    # max_fails: one that restarts is asked again at once, and not forgotten for ten seconds.
    workers = "".join(f"server {address} max_fails=0;\n" for address in place.addresses)
    (place.nginx / "workers.conf").write_text(workers)
    own = f"include {place.server}" if place.server else f"listen {place.bind}:{place.port}"
    (place.nginx / "server.conf").write_text(f"{own};\nroot {place.static};\n")


def user(place: Place) -> str:
    """As whom nginx's processes run that meet people. Started as root: those for whom it was built
    (nobody), if they get to the static files; otherwise ours."""
    if os.geteuid() != 0:
        return ""
    if found := closed(place.static):
        say(f"nginx runs as root, since {found} lets nobody else through to the static files.")
        return "user root;"
    return ""


def closed(folder: Path) -> Path | None:
    """What keeps other users from a folder: itself, or the first above it that does."""
    return next((one for one in (folder, *folder.parents) if not one.stat().st_mode & 0o001), None)
