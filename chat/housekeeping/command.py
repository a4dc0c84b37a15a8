"""What the long commands of the site have in common."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

BAD_INPUT = 2
INTERRUPTED = 130  # as a shell reports SIGINT


def bad_input(sentence: str) -> CommandError:
    """The error of a command that was called with something wrong: exit status 2."""
    return CommandError(sentence, returncode=BAD_INPUT)


class LongCommand(BaseCommand):
    """A command that shows its progress on a terminal, and fails with one sentence."""

    again = "Run the command again to go on."

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except DatabaseError as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise CommandError(f"The database refused: {reason}. {self.again}") from None
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted. {self.again}", returncode=INTERRUPTED) from None

    def progress(self, what: str) -> Callable[[int], None]:
        """A function that adds to a count, and shows it if standard error is a terminal."""
        count = 0

        def add(more: int) -> None:
            nonlocal count
            count += more
            if self.stderr.isatty():
                self.stderr.write(f"\r{count:,} {what}", ending="", style_func=str)

        return add

    def done(self, sentence: str) -> None:
        """Prints a result."""
        if self.stderr.isatty():
            self.stderr.write("\r\x1b[K", ending="", style_func=str)
        self.stdout.write(sentence)
