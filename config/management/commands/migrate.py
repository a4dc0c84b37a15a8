"""`manage.py migrate`: Django's command, of which one at a time runs on a database."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError

from config.database.postgresql.options import LOCK_SECONDS
from config.database_lock import database_lock, migration_limits

LOCK_NOT_AVAILABLE = "55P03"  # SQLSTATE


class Command(migrate.Command):
    """Django's `migrate` under a lock, with the time limits of migrations."""

    def handle(self, *args: Any, **options: Any) -> None:
        if options["plan"] or options["check_unapplied"]:  # changes nothing
            super().handle(*args, **options)
            return
        try:
            alias = options["database"]
            with database_lock(alias, self.stderr), migration_limits(alias):
                super().handle(*args, **options)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            raise CommandError(
                f"A migration waited {LOCK_SECONDS} s for a table that another session uses, such "
                "as a backup. The migrations before it are applied. Run `migrate` again."
            ) from None
