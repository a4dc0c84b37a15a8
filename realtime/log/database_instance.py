"""Which database this process uses: the same for every worker of a site, another for a copy.

Several sites may use one Redis, and a copy of production may run beside it with the same settings.
The copy has the same entries up to a point, so its messages would be accepted. The URL of the
database says nothing: it may differ from host to host, and be the same on two of them.
"""

import os
import platform
import secrets
from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.db import NotSupportedError, ProgrammingError, connection
from django.utils.crypto import salted_hmac

from realtime.log.threads import in_reader

SALT = "realtime.log.database_instance"
# 64 bits: sites that share a Redis do not get the same prefix by chance.
PREFIX_LENGTH = 16

# A physical copy of a cluster (pg_basebackup, a snapshot) has the same system identifier and the
# same OIDs. Only the start of its server is another one.
POSTGRESQL_SERVER = """
    SELECT extract(epoch FROM pg_postmaster_start_time())::text, oid::text FROM pg_database
    WHERE datname = current_database()
"""
POSTGRESQL_CLUSTER = "SELECT system_identifier::text FROM pg_control_system()"
# Asked first: a refusal would be an error in the log of the server, every few seconds.
MAY_READ_CLUSTER = "SELECT has_function_privilege('pg_control_system()', 'EXECUTE')"

# The first that exists names the machine. All workers of a SQLite file run on one kernel, whose
# boot id their containers share. Cloned machines may have the same machine id.
MACHINE_FILES = (Path("/proc/sys/kernel/random/boot_id"), Path("/etc/machine-id"))


@in_reader
def bus_prefix() -> str:
    """The prefix of everything that the workers of this site share in Redis: a hash of SECRET_KEY
    and of the database instance. Changes when the database server restarts or is replaced. Raises
    django.db.Error if the database does not answer."""
    name = "\n".join(database_instance())
    return salted_hmac(SALT, name, algorithm="sha256").hexdigest()[:PREFIX_LENGTH]


def database_instance() -> list[str]:
    """What distinguishes the default database from every other one that runs now."""
    read = READERS.get(connection.vendor, _from_settings)
    return [connection.vendor, *read()]


def _postgresql() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL_SERVER)
        found = list(cursor.fetchone())
        try:
            cursor.execute(MAY_READ_CLUSTER)
            if not cursor.fetchone()[0]:
                return found
            cursor.execute(POSTGRESQL_CLUSTER)
        except (ProgrammingError, NotSupportedError):
            return found  # The server only resembles PostgreSQL.
        return [*found, *cursor.fetchone()]


def _sqlite() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA database_list")
        path = cursor.fetchone()[2]
    if not path:
        return [_process()]  # in memory
    # Device and inode, and not the path: containers may see one file under different paths, or
    # different files under one path.
    file = os.stat(path)
    return [_machine(), str(file.st_dev), str(file.st_ino)]


def _from_settings() -> list[str]:
    """For other databases, which Twinstream does not test."""
    return [str(connection.settings_dict[name]) for name in ("HOST", "PORT", "NAME")]


READERS: dict[str, Callable[[], list[str]]] = {"postgresql": _postgresql, "sqlite": _sqlite}


def _machine() -> str:
    for path in MACHINE_FILES:
        try:
            if found := path.read_text().strip():
                return found
        except OSError:
            continue
    return platform.node()


@cache
def _process() -> str:
    return secrets.token_hex(8)
