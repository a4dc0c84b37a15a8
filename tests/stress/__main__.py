"""`make stress`: breaks a site under load for as long as asked, and says what came of it."""

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
    parser.add_argument("--seconds", type=float, default=Size.seconds)
    parser.add_argument("--readers", type=int, default=Size.readers)
    parser.add_argument("--writers", type=int, default=Size.writers)
    parser.add_argument("--workers", type=int, default=Size.workers)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    size = Size(
        asked.seconds, asked.readers, asked.writers, asked.workers, asked.database == "postgres"
    )
    print(f"seed {asked.seed}: {size}", flush=True)
    with tempfile.TemporaryDirectory(prefix="stress-") as folder:
        try:
            run = Run(Path(folder), asked.seed, size)
        except (pytest.fail.Exception, pytest.skip.Exception) as missing:
            raise SystemExit(str(missing)) from None
        try:
            asyncio.run(run())
        finally:
            run.site.close()
    print(table(run))
    if run.differences:
        raise SystemExit(f"Broken, with seed {asked.seed}: {run.differences[0]}")


main()
