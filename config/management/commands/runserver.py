from typing import Any

from daphne.management.commands.runserver import Command as DaphneCommand
from django.conf import settings

from config.server.server import Server

NOT_DEVELOPMENT = (
    "Not in development mode, because SECRET_KEY is set and DEBUG is off (environment or .env): "
    "error pages give no reason, and new static files need a restart. DEBUG=true turns it on."
)


class Command(DaphneCommand):
    """Daphne's `runserver` with the server of `config.server`."""

    server_cls = Server

    def inner_run(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            self.stdout.write(NOT_DEVELOPMENT)
        super().inner_run(*args, **options)
