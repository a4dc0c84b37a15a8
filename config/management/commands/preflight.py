"""`manage.py preflight`: what keeps a site from being hosted, said in a sentence before it starts,
and what would keep people out of it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError
from django.db import connection

from config.worker.single_worker import claim_sole_worker

HTTPS_WITHOUT_TLS = (
    "HTTPS is on, since ALLOWED_HOSTS names another host than this machine or HTTPS says so, but "
    "{front} is plain HTTP: every page sends people to https://. Set HTTPS=off for a site without "
    "TLS, or let NGINX_SERVER name a server with it (docs/hosting.md)."
)
NOBODY_ELSE = (
    "ALLOWED_HOSTS names this machine alone, but {front} is for others, too: who comes by another "
    "name or address gets 400. Set it to those, and HTTPS=off for a site without TLS."
)


class Command(BaseCommand):
    help = "Ends with a sentence where the site cannot be hosted; gives hints where people fail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("front", nargs="?", help="where nginx takes plain HTTP, as a URL")

    def handle(self, *args: Any, **options: Any) -> None:
        find_database()
        # Let go when this process ends; the workers that come take it for themselves.
        claim_sole_worker(settings.DATABASES["default"], settings.REDIS_URL)
        for hint in hints(options["front"]) if options["front"] else ():
            self.stdout.write(f"Note: {hint}")


def find_database() -> None:
    """SystemExit if the database cannot be used."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SystemExit(f"The database of DATABASE_URL cannot be used: {reason}") from None


def hints(front: str) -> Iterator[str]:
    """What people meet who come by plain HTTP."""
    if settings.HTTPS:
        yield HTTPS_WITHOUT_TLS.format(front=front)
    host = urlsplit(front).hostname or ""
    near = host == "localhost" or host.startswith("127.")
    if not near and set(settings.ALLOWED_HOSTS) <= set(settings.LOCAL_HOSTS):
        yield NOBODY_ELSE.format(front=front)
