from typing import Any

from daphne.management.commands.runserver import Command as DaphneCommand
from django.conf import settings

from config.server.server import Server

HOSTED = (
    "Not in development mode, since SECRET_KEY is set and DEBUG is off (environment or .env): "
    "no page says why it failed, and new static files need a restart. DEBUG=true turns it on."
)


class Command(DaphneCommand):
    """Daphne's `runserver`, with the server that hosts the site."""

    server_cls = Server

    def inner_run(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            self.stdout.write(HOSTED)
        super().inner_run(*args, **options)
