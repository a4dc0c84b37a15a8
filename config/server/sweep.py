"""Protects Daphne's sweep: once a second it calls methods of every connection in turn."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from config.server.access_log import client_name

logger = logging.getLogger(__name__)


def contain_errors(method: Callable[..., None]) -> Callable[..., None]:
    """Decorator for methods called from the sweep: logs an exception, which would otherwise stop
    the sweep for every connection."""

    @wraps(method)
    def call_and_log(connection: Any, *arguments: Any) -> None:
        try:
            method(connection, *arguments)
        except Exception:
            name = method.__name__
            logger.exception("Timeout sweep failed for %s (%s).", client_name(connection), name)

    return call_and_log
