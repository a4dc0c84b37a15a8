"""`python -m deploy.prepare [--demo] [ADDRESS]`: updates the database and the static files to the
version of the code in the working directory.

One process runs all commands of Django, because Django's start takes longer than each of them.
ADDRESS is where nginx accepts plain HTTP.
"""

import argparse
import os
import sys
import traceback

import django
from django.core.management import CommandError, call_command

from deploy.hosting_config import print_now


def main() -> None:
    """Run the commands. SystemExit with the name of the command that fails."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--demo", action="store_true", help="add demo data to an empty site")
    parser.add_argument("address", nargs="?")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    start_django()
    update_database(options.address)
    print_now("Collecting the static files …")
    run("collectstatic", verbosity=0, interactive=False)
    if options.demo:
        run("demo", if_new=True)


def start_django() -> None:
    """Load the settings and the apps of the site."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()


def update_database(address: str | None) -> None:
    """Check the settings, and migrate. `address` is that of nginx, if it is known. SystemExit with
    the name of the command that fails."""
    run("preflight", *filter(None, [address]))
    print_now("Migrating the database …")
    run("migrate", verbosity=0, skip_checks=False)


def run(name: str, *arguments: str, **options: object) -> None:
    """Run a command of manage.py. SystemExit with a sentence if it fails."""
    try:
        call_command(name, *arguments, **options)
    except CommandError as error:
        raise SystemExit(f"Stopped: `manage.py {name}` failed: {error}") from None
    except Exception:
        traceback.print_exc()
        raise SystemExit(f"Stopped: `manage.py {name}` failed.") from None


if __name__ == "__main__":
    main()
