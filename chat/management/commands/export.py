"""`manage.py export ROOM FILE`: writes the whole log of a room as JSON lines."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from chat.housekeeping.command import LongCommand, bad_input
from chat.housekeeping.export_room import OtherExport, Rewritten, export, export_to_file
from chat.models import Room


class Command(LongCommand):
    help = (
        "Writes the whole log of a room to a file, one JSON object a line. If the file exists, "
        "only what it does not have yet is added: after an interruption, or the next day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("room", help="the room's name in addresses, as lobby")
        parser.add_argument("file", help="where to write; - for standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        slug, path = options["room"], options["file"]
        room = Room.objects.filter(slug=slug).first()
        if room is None:
            raise bad_input(f"There is no room {slug!r}.")
        progress = self.progress("entries")
        try:
            if path == "-":
                export(room, sys.stdout.buffer, None, progress)
                return
            count = export_to_file(room, path, progress)
        except Rewritten:
            raise CommandError("Entries were deleted during the export. Begin again.") from None
        except OtherExport as reason:
            raise bad_input(f"{path}: {reason}") from None
        except OSError as error:
            raise bad_input(f"{path}: {error.strerror}. {self.again}") from None
        self.done(f"{count} entries of {slug} written to {path}.")
