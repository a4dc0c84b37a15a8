"""The databases of sites: each is a copy of one that is migrated once in a run."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from tests.processes import ROOT, Process, QuickProcess, need, process_parents
from tests.shared import SECRET_KEY, free_port, made_once

# The settings that config/settings.py reads. An empty value in the environment overrides the `.env`
# file of the machine.
READ = r'(?:read\(env\.\w+, |whole\(|names\(|origins\(|networks\()"([A-Z_]+)"'
SETTINGS = set(re.findall(READ, (ROOT / "config" / "settings.py").read_text()))
UNSET = dict.fromkeys(SETTINGS, "")
POSTGRES_DATABASE = "site"
INITDB_OPTIONS = ["-Upostgres", "-Atrust", "-EUTF8", "--locale=C", "--no-sync"]


def site_environment() -> dict[str, str]:
    """The environment of each process of a site."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    limits = {
        "DATABASE_CONNECT_SECONDS": "60",
        "DATABASE_STATEMENT_SECONDS": "60",
    }  # a busy machine
    return UNSET | known | limits | {"SECRET_KEY": SECRET_KEY, "PYTHONWARNINGS": "default"}


def manage(environment: dict[str, str], *arguments: str) -> str:
    """Runs a command of manage.py; returns its output."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def fill_database(url: str) -> None:
    """Creates the tables and the data of `manage.py demo`."""
    environment = site_environment() | {"DATABASE_URL": url}
    manage(environment, "migrate", "-v0")
    manage(environment, "demo")


# ---- SQLite --------------------------------------------------------------------------


def sqlite_file() -> Path:
    """A migrated SQLite file, to be copied."""
    return made_once("site.sqlite3", make_sqlite)


def make_sqlite(path: Path) -> None:
    """Creates the SQLite file that all sites copy."""
    fill_database(f"sqlite:///{path}")
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# ---- PostgreSQL ----------------------------------------------------------------------


class Postgres(Process):
    """A PostgreSQL cluster: a copy of the one with a migrated database."""

    def __init__(self):
        # Outside of the folder of a test, which other users cannot enter.
        self.folder = tempfile.TemporaryDirectory(prefix="postgres-")
        home = Path(self.folder.name)
        copied = shutil.copytree(made_once("cluster", make_cluster), home / "data")
        self._prepare(home, copied)

    def _prepare(self, home: Path, data: Path) -> None:
        self.port = free_port()
        program = need("postgres")
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self.user = unprivileged()
            change_owner(home, self.user)
        where = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": ""}
        quick = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
        # A statement that waits too long for a lock fails with its name.
        limits = {"lock_timeout": "60s"}
        settings = where | quick | limits
        options = [f"-c{name}={value}" for name, value in settings.items()]
        super().__init__([program, "-D", str(data), *options], home / "postgres.log")
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/{POSTGRES_DATABASE}"

    def is_ready(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False

    def pause(self) -> None:
        """Pauses the server and the processes of its connections."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: int) -> None:
        for process in self._processes():
            with contextlib.suppress(ProcessLookupError):  # a connection that has just ended
                os.kill(process, number)

    def _processes(self) -> list[int]:
        server = self.running.pid
        return [server, *(pid for pid, parent in process_parents() if parent == server)]

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stops the server without waiting for its clients, as SIGTERM would."""
        if self.running:
            self.resume()
        super().stop(how)

    def close(self) -> None:
        self.stop()
        self.folder.cleanup()


class PgBouncer(QuickProcess):
    """A PgBouncer in transaction mode, in front of a PostgreSQL cluster."""

    def __init__(self, folder: Path, postgres: Postgres):
        self.port = free_port()
        self.url = postgres.url.replace(str(postgres.port), str(self.port))
        program = need("pgbouncer")
        file = folder / "pgbouncer.ini"
        file.write_text(BOUNCER.format(port=self.port, server=postgres.port))
        user = []
        if os.geteuid() == 0:  # PgBouncer refuses to run as root
            user = ["-u", unprivileged()]
        super().__init__([program, *user, str(file)], folder / "pgbouncer.log")


# Two connections to the server, so that transactions of the clients really change between them.
BOUNCER = """\
[databases]
* = host=127.0.0.1 port={server} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
query_wait_timeout = 60
"""


class NewPostgres(Postgres):
    """The cluster from which all others are copied."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="postgres-")
        home = Path(self.folder.name)
        self.data = home / "data"
        self._prepare(home, self.data)
        subprocess.run(
            [need("initdb"), "-D", str(self.data), *INITDB_OPTIONS],
            check=True,
            capture_output=True,
            cwd="/",
            user=self.user,
        )

    def is_ready(self) -> bool:
        url = self.url.replace(POSTGRES_DATABASE, "postgres")
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url) as database:
            database.autocommit = True
            database.execute(f"CREATE DATABASE {POSTGRES_DATABASE}")
            return True
        return False


def make_cluster(path: Path) -> None:
    """Creates the data of the PostgreSQL cluster that all sites copy."""
    new = NewPostgres()
    try:
        new.start()
        fill_database(new.url)
        new.stop()
        shutil.copytree(new.data, path)
    finally:
        new.close()


def change_owner(folder: Path, user: str) -> None:
    """Changes the owner of a folder and of everything in it."""
    for path in [folder, *folder.rglob("*")]:
        shutil.chown(path, user)


def unprivileged() -> str:
    """The name of a user without rights, to run PostgreSQL."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
