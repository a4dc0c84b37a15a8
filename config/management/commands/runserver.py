from daphne.management.commands.runserver import Command as DaphneCommand

from config.server import Server


class Command(DaphneCommand):
    """Daphne's `runserver`, with the server that hosts the site."""

    server_cls = Server
