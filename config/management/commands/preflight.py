"""`manage.py preflight`: checks before the start whether the site can be hosted, and warns of
settings with which users cannot reach it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError
from django.db import connection

from config.worker.single_worker import claim_sole_worker

HTTPS_WITHOUT_TLS = (
    "HTTPS is on, because ALLOWED_HOSTS has another host than this machine or HTTPS is set, but "
    "{front} is plain HTTP: every page redirects to https://. Set HTTPS=off for a site without "
    "TLS, or set NGINX_SERVER to a server with TLS (docs/hosting.md)."
)
LOCAL_ONLY = (
    "ALLOWED_HOSTS has only this machine, but {front} is open to other machines: a request with "
    "another host name or address is answered with 400. Set ALLOWED_HOSTS to the names of the "
    "site, and HTTPS=off for a site without TLS."
)


class Command(BaseCommand):
    help = "Fails with a reason if the site cannot be hosted. Prints notes about its settings."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("front", nargs="?", help="URL at which nginx accepts plain HTTP")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        # The lock is released when this process ends, before the workers start.
        claim_sole_worker(settings.DATABASES["default"], settings.REDIS_URL)
        for hint in hints(options["front"]) if options["front"] else ():
            self.stdout.write(f"Note: {hint}")


def check_database() -> None:
    """SystemExit with the reason if the database cannot be used."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SystemExit(f"The database of DATABASE_URL cannot be used: {reason}") from None


def hints(front: str) -> Iterator[str]:
    """Why users of the plain HTTP address `front` cannot use the site."""
    if settings.HTTPS:
        yield HTTPS_WITHOUT_TLS.format(front=front)
    host = urlsplit(front).hostname or ""
    is_local = host == "localhost" or host.startswith("127.")
    if not is_local and set(settings.ALLOWED_HOSTS) <= set(settings.LOCAL_HOSTS):
        yield LOCAL_ONLY.format(front=front)
