"""`manage.py forget PERSON`: deletes everything that a person wrote, and the account."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import ProtectedError

from chat.housekeeping import forget
from chat.housekeeping.command import LongCommand, bad_input
from chat.housekeeping.vacuum import Incomplete, vacuum

QUESTION = (
    "Delete all words of {name} ({key}) in all rooms{account}? Nothing brings them back. [yes/no] "
)


class Command(LongCommand):
    help = (
        "Deletes the messages, names, sessions and read marks of a person, and the account, from "
        "the tables and from the files of the database. Backups, replicas and logs are not reached."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", help="a user name, or a key such as g-0123456789abcdef")
        parser.add_argument(
            *("--no-input", "--noinput"),
            action="store_false",
            dest="ask",
            help="do not ask for a confirmation",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["person"]
        person = forget.find(name)
        if person is None:
            raise bad_input(f"There is no user {name!r}, and it is not the key of a guest.")
        if options["ask"]:
            self.confirm(name, person)
        # After the account is deleted, only the key finds what an interruption left.
        self.again = f"Run `manage.py forget {person.key}` to finish."
        try:
            count = forget.forget(person, self.progress("entries"))
        except ProtectedError:
            raise CommandError(f"Other rows need the account {name}.") from None
        self.done(f"{count} messages deleted. Now the files of the database are rewritten.")
        try:
            vacuum(forget.models())
        except Incomplete as reason:
            raise CommandError(f"{reason} {self.again}") from None
        self.done(
            f"{person.key} is forgotten here. Not reached: backups, replicas, the write-ahead log "
            "of PostgreSQL, log files, and pages that are open."
        )

    def confirm(self, name: str, person: forget.Person) -> None:
        """Asks. CommandError if the answer is not yes."""
        account = ", and the account" if person.user else ""
        try:
            answer = input(QUESTION.format(name=name, key=person.key, account=account))
        except EOFError:
            raise bad_input("There was no answer. --no-input runs without the question.") from None
        if answer.strip().lower() != "yes":
            raise CommandError("Nothing was deleted.")
