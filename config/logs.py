"""What is logged, where, and in which form."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from realtime.requests.request_id import current_id


class JsonFormatter(logging.Formatter):
    """Formats each record as one line of JSON, with the id of the request that caused it. The
    `fields` of a record's `extra` become fields of the line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, without a line feed."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_id.get():
            line["request_id"] = request_id
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class WithoutQueries(logging.Filter):
    """Removes the query of each URL in a message. Django's CSRF check logs the whole Referer."""

    QUERY = re.compile(r"(https?://[^\s?#]+)[?#]\S*")

    def filter(self, record: logging.LogRecord) -> bool:
        """Changes the message. Passes every record on."""
        message = record.getMessage()
        if "://" in message:
            record.msg, record.args = self.QUERY.sub(r"\1", message), None
        return True


FORMATTERS: dict[str, dict[str, Any]] = {
    "plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    "json": {"()": JsonFormatter},
}


def logging_config(log_format: str, *, log_addresses: bool) -> dict[str, Any]:
    """Django's setting LOGGING. `log_format` is a key of FORMATTERS. `log_addresses`: queries of
    people may be logged."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": FORMATTERS,
        "filters": {"without_queries": {"()": WithoutQueries}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": log_format,
                "filters": [] if log_addresses else ["without_queries"],
            },
            "nowhere": {"class": "logging.NullHandler"},
        },
        # Only the root logger has a handler. Daphne adds a second one to a root without handlers,
        # and each line would be logged twice.
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "django": {"handlers": [], "level": "INFO"},
            "streaming": {"level": "INFO"},
            "chat": {"level": "INFO"},
            "realtime": {"level": "INFO"},
            # config.server adds a handler for standard output, or for the file of --access-log.
            "config.server.access": {"level": "INFO", "propagate": False},
            # Django logs a traceback for each request with a foreign Host header.
            "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
            # It logs a traceback each second while Redis is away. realtime.bus logs that once.
            "channels_redis.pubsub": {"level": "CRITICAL"},
        },
    }
