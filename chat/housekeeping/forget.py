"""Deletes everything that a person wrote, and the person's names.

The log has no holes, so the entries stay, without text and under the name of a new guest whom no
cookie names. Readers receive the deletions as entries of the log. The account is deleted too.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import Case, CharField, F, Model, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast

from chat.housekeeping.batches import ROWS, batch, count_rewrite
from chat.identity.members import Member, new_guest, user_key
from chat.identity.sessions import session_store
from chat.log import sql, store
from chat.log.store import Appended, Draft
from chat.models import Entry, ReadMark

KEY = re.compile(r"g-[0-9a-f]{16}|u-([0-9]{1,18})")
# Deletions in one transaction. Each needs about five statements.
DELETIONS = 50
# A guest whose page is open may write on. The command does not wait for the end of that.
PASSES = 5


@dataclass(frozen=True)
class Person:
    """A person by key. `user` is the account, if there is one."""

    key: str
    user: Any = None


def find(name: str) -> Person | None:
    """The person with this user name or key. None if no user has this name. A key needs no
    account: guests have none, and that of a user may have been deleted."""
    users = get_user_model()
    user = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    if user is None and (match := KEY.fullmatch(name)):
        user = users._default_manager.filter(pk=match[1]).first() if match[1] else None
        return Person(name, user)
    return Person(user_key(user.pk), user) if user else None


def forget(person: Person, progress: Callable[[int], None]) -> int:
    """Deletes the words and the names of a person from the tables. Returns how many messages were
    deleted. May be called again after an interruption."""
    if person.user:
        _log_out(person.user)
    alias = new_guest()
    deleted = 0
    entries = Entry.objects.filter(author_key=person.key)
    for _ in range(PASSES):
        deleted += _delete_messages(person.key, alias, progress)
        _rename(entries, alias, progress)
        if not entries.exists():
            break
    ReadMark.objects.filter(reader_key=person.key).delete()
    if person.user:
        _delete_account(person)
    return deleted


def models() -> list[type[Model]]:
    """The tables that had words or names."""
    return [Entry, ReadMark, get_user_model(), LogEntry, session_store().get_model_class()]


# ---- Through the log -----------------------------------------------------------------


def _delete_messages(key: str, alias: Member, progress: Callable[[int], None]) -> int:
    """Appends a `delete` entry for each message that has words of the person."""
    deleted = last = 0
    own = Entry.objects.filter(author_key=key, kind=Entry.Kind.SAY, deleted=False).order_by("pk")
    while rows := list(own.filter(pk__gt=last).values_list("pk", "room", "seq")[:DELETIONS]):
        last = rows[-1][0]
        deleted += _delete([(room, seq) for _, room, seq in rows], alias)
        progress(len(rows))
    others = _edited_messages(key)
    for start in range(0, len(others), DELETIONS):
        deleted += _delete(others[start : start + DELETIONS], alias)
    return deleted


def _delete(messages: Sequence[tuple[int, int]], alias: Member) -> int:
    author = (Entry.Kind.DELETE, alias.key, alias.name)
    drafts = [Draft(room, *author, uuid4().hex, ref=seq, moderator=True) for room, seq in messages]
    with batch():
        results = store.write(drafts).results
    return sum(isinstance(result, Appended) for result in results)


def _edited_messages(key: str) -> list[tuple[int, int]]:
    """Room and seq of the messages of others to which the person, as a moderator, gave their newest
    text."""
    found = []
    edits = Entry.objects.filter(author_key=key, kind=Entry.Kind.EDIT).exclude(body="")
    for room, ref in set(edits.values_list("room", "ref")):
        if ref is None:
            continue
        said = Entry.objects.filter(room=room, seq=ref, kind=Entry.Kind.SAY, deleted=False)
        changes = Entry.objects.filter(room=room, ref=ref, kind=Entry.Kind.EDIT).order_by("-seq")
        newest = changes.values_list("author_key", flat=True).first()
        if newest == key and said.exclude(author_key=key).exists():
            found.append((room, ref))
    return sorted(found)


# ---- In place ------------------------------------------------------------------------


def _rename(entries: QuerySet[Entry], alias: Member, progress: Callable[[int], None]) -> None:
    """Gives the entries of a person another author, and empties what is left of edits. A message
    that is not deleted yet stays."""
    done = entries.filter(~Q(kind=Entry.Kind.SAY) | Q(deleted=True))
    while rows := list(done.values_list("pk", "room")[:ROWS]):
        rooms = {room for _, room in rows}
        with batch():
            sql.lock_rooms(rooms)  # before the entries, as a worker takes the locks
            done.filter(pk__in=[pk for pk, _ in rows]).update(
                author_key=alias.key,
                author_name=alias.name,
                # A cid is what the client chose, so it may be words as well.
                cid=Cast(F("pk"), CharField()),
                body=Case(
                    When(kind=Entry.Kind.SAY, then=F("body")),
                    default=Value(""),
                    output_field=TextField(),
                ),
            )
            count_rewrite(rooms)
        progress(len(rows))


# ---- The account ---------------------------------------------------------------------


def _log_out(user: Any) -> None:
    """Closes the account to its person, on every worker, and deletes its sessions."""
    user.is_active = False
    user.save(update_fields=["is_active"])
    sessions = session_store()
    rows = sessions.get_model_class()._default_manager.order_by("pk")
    last = ""
    while found := list(rows.filter(pk__gt=last)[:ROWS]):
        last = found[-1].pk
        for row in found:
            if row.get_decoded().get(SESSION_KEY) == str(user.pk):
                sessions(row.session_key).delete()


def _delete_account(person: Person) -> None:
    user = person.user
    about = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(user), object_id=str(user.pk)
    )
    about.update(object_repr=person.key)
    user.delete()
