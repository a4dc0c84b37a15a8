"""`manage.py tidy`: deletes what has expired. To be run once a day."""

from typing import Any

from chat.housekeeping.command import LongCommand
from chat.housekeeping.retention import delete_old_entries, delete_read_marks
from config.sessions import delete_expired_sessions


class Command(LongCommand):
    help = (
        "Deletes expired sessions, read marks of people who are gone, and the entries that are "
        "older than the retention of their room. Run it once a day; the site may run."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        sessions = delete_expired_sessions(self.progress("sessions"))
        self.done(f"{sessions} expired sessions deleted.")
        marks = delete_read_marks(self.progress("read marks"))
        self.done(f"{marks} read marks of people who are gone deleted.")
        entries = delete_old_entries(self.progress("entries"))
        self.done(f"{entries} old entries deleted.")
