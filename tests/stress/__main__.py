"""`make stress`: runs a site under load while parts of it fail, and reports whether an entry was
lost, duplicated or out of order. `--seed` repeats the faults of an earlier run."""

import argparse
import asyncio
import os
import random
import tempfile
from pathlib import Path

import django
import pytest

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from tests.stress.run import Run, Size  # noqa: E402 - it reads the log with Django's ORM
from tests.stress.table import table  # noqa: E402


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    parser.add_argument("--seconds", type=float, default=Size.seconds, help="duration of the load")
    parser.add_argument("--readers", type=int, default=Size.readers, help="clients that read")
    parser.add_argument("--writers", type=int, default=Size.writers, help="clients that write")
    parser.add_argument("--workers", type=int, default=Size.workers, help="processes")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(1_000_000), help="of the faults"
    )
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    size = Size(
        options.seconds,
        options.readers,
        options.writers,
        options.workers,
        options.database == "postgres",
    )
    print(f"seed {options.seed}: {size}", flush=True)
    with tempfile.TemporaryDirectory(prefix="stress-") as folder:
        try:
            run = Run(Path(folder), options.seed, size)
        except (pytest.fail.Exception, pytest.skip.Exception) as missing:
            raise SystemExit(str(missing)) from None
        try:
            asyncio.run(run())
        finally:
            run.site.close()
    print(table(run))
    if run.differences:
        raise SystemExit(f"Failed with seed {options.seed}: {run.differences[0]}")


main()
