"""Protects Daphne's sweep: once a second it calls methods of every connection in turn."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

logger = logging.getLogger(__name__)


def contain_errors(method: Callable[..., None]) -> Callable[..., None]:
    """Decorator for methods called from the sweep: logs an exception, which would otherwise stop
    the sweep for every connection."""

    @wraps(method)
    def call_and_log(connection: Any, *arguments: Any) -> None:
        try:
            method(connection, *arguments)
        except Exception:
            address, name = connection.client_addr, method.__name__
            logger.exception("Timeout sweep failed for %s (%s).", address, name)

    return call_and_log
