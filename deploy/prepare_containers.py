"""`python -m deploy.prepare_containers`: what is done once before the workers of a version start.

It migrates the database, copies the collected static files to a volume that nginx reads, and writes
nginx's configuration, from the same template as `make serve`.
"""

import argparse
import filecmp
import shutil
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from deploy.hosting_config import print_now
from deploy.nginx_config import server_conf, write_files
from deploy.prepare import run, start_django, update_database

LISTEN = "listen 8080"


def main(arguments: Sequence[str] | None = None) -> None:
    """Prepare the database and the volumes. SystemExit with the reason if that fails."""
    options = parse(arguments)
    start_django()
    if not settings.STATIC_ROOT:
        raise SystemExit("STATIC_ROOT is not set: it names the folder of the collected files.")
    # A file of the operator may serve another URL.
    update_database(None if options.server else options.front)
    run("demo", if_new=True)
    copied = publish(Path(settings.STATIC_ROOT), options.static)
    print_now(f"Copied {copied} static files to {options.static}.")
    server = f"include {options.server}" if options.server else LISTEN
    conf = server_conf(server, options.static, log_addresses=settings.LOG_ADDRESSES)
    write_files(options.nginx, options.workers, conf, resolver=options.resolver)
    print_now(f"Wrote nginx's configuration to {options.nginx}.")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of the command line. SystemExit with exit code 2 on a bad one."""
    name = "python -m deploy.prepare_containers"
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    parser.add_argument(
        "--workers", nargs="+", required=True, metavar="HOST:PORT", help="addresses of the workers"
    )
    parser.add_argument(
        "--resolver", default="", help="DNS server that nginx asks for the workers again and again"
    )
    parser.add_argument("--nginx", type=folder, required=True, help="folder for the configuration")
    parser.add_argument("--static", type=folder, required=True, help="folder for the static files")
    parser.add_argument(
        "--server", help="file in the container of nginx that replaces `listen 8080`"
    )
    parser.add_argument("--front", help="URL at which people reach nginx, for notes on settings")
    return parser.parse_args(arguments)


def folder(text: str) -> Path:
    """An existing folder. ArgumentTypeError if it is none."""
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path


def publish(source: Path, target: Path) -> int:
    """Copy the files below `source` that differ from those below `target`; returns their number.

    Files of older versions stay, because open pages still load them. nginx never reads half a file:
    browsers store a file with a hash in its name for a year.
    """
    copied = 0
    for file in sorted(source.rglob("*")):
        copy = target / file.relative_to(source)
        if file.is_dir() or (copy.exists() and filecmp.cmp(file, copy, shallow=False)):
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        unfinished = copy.with_name(f"{copy.name}.unfinished")
        shutil.copyfile(file, unfinished)
        unfinished.replace(copy)
        copied += 1
    return copied


if __name__ == "__main__":
    main()
