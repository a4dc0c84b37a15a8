"""Django's ORM of the tests' own process, on the database of a site.

A `manage.py shell` takes a second of processor time; this takes milliseconds.
"""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import dj_database_url
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

Result = TypeVar("Result")

SQLITE_OPTIONS = {"transaction_mode": "IMMEDIATE", "timeout": 20}
# tests/conftest.py sets this, because pytest-django forbids databases outside of its fixtures.
allow_databases: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext


def run_on_database(url: str, function: Callable[..., Result], *arguments: Any) -> Result:
    """Runs a function whose default database is the one at `url`; returns its result.

    The function runs in a separate thread, so that coroutines may call this. The workers of the
    site are not notified: their readers see new entries at the next slow check.
    """
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(run_in_thread, url, function, arguments).result()


def run_in_thread(url: str, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    # Django has separate connections for each thread.
    with allow_databases(), contextlib.closing(connect(url)) as connection:
        connections["default"] = connection
        return function(*arguments)


def connect(url: str) -> BaseDatabaseWrapper:
    settings: dict[str, Any] = {**dj_database_url.parse(url)}
    if "sqlite" in settings["ENGINE"]:
        settings["OPTIONS"] = SQLITE_OPTIONS
    settings = connections.configure_settings({"default": settings})["default"]
    return load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "default")


def make_user(name: str, password: str, fields: dict[str, Any]) -> int:
    """Creates a user who can log in at a site; returns the primary key."""
    # The settings of the tests use a faster hasher, which is not in the settings of sites.
    encoded = make_password(password, hasher="pbkdf2_sha256")
    user = get_user_model().objects.create(username=name, password=encoded, **fields)
    return int(user.pk)
