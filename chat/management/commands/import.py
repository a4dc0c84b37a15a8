"""`manage.py import FILE`: reads an exported room into this site."""

import sys
from contextlib import nullcontext
from typing import Any

from django.core.management.base import CommandParser

from chat.housekeeping.command import LongCommand, bad_input
from chat.housekeeping.import_room import BadFile, RoomImport


class Command(LongCommand):
    help = (
        "Reads the file of an exported room. An import that was interrupted goes on, and a file "
        "that has grown since adds what is new. The room appears when it is complete."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="what `export` has written; - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"]
        try:
            with nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb") as lines:
                task = RoomImport(lines, self.progress("entries"))
                room = task.run()
        except BadFile as reason:
            raise bad_input(f"{path}: {reason}") from None
        except OSError as error:
            raise bad_input(f"{path}: {error.strerror}.") from None
        self.done(f"{task.imported} entries imported. The head of {room.slug} is {room.head}.")
