"""Log lines as JSON."""

import json
import logging
import sys

from config.logs import JsonFormatter, WithoutQueries
from realtime.requests.request_id import current_id


def line_of(message, *arguments, **options):
    record = logging.LogRecord("chat.log", logging.WARNING, "x.py", 1, message, arguments, None)
    record.__dict__.update(options)
    return JsonFormatter().format(record)


def test_a_record_is_one_line_with_time_level_logger_and_message():
    line = line_of("Log %d: %s", 7, "two\nlines and “quotes”")
    assert "\n" not in line
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "WARNING",
        "logger": "chat.log",
        "message": "Log 7: two\nlines and “quotes”",
    }


def test_the_id_of_the_request_is_in_its_lines_only():
    token = current_id.set("of-this-request")
    assert json.loads(line_of("x"))["request_id"] == "of-this-request"
    current_id.reset(token)
    assert "request_id" not in json.loads(line_of("x"))


def test_an_exception_is_a_field_with_its_traceback():
    try:
        raise ZeroDivisionError("twice")
    except ZeroDivisionError:
        found = json.loads(line_of("It failed.", exc_info=sys.exc_info()))
    assert found["message"] == "It failed."
    assert found["exception"].endswith("ZeroDivisionError: twice")


def test_the_queries_of_urls_are_removed():
    message = "Referer checking failed - %s does not match any trusted origins. Why?"
    record = logging.LogRecord(
        "x", logging.INFO, "x.py", 1, message, ("https://a.b/c?q=1#d",), None
    )
    assert WithoutQueries().filter(record)
    assert record.getMessage() == (
        "Referer checking failed - https://a.b/c does not match any trusted origins. Why?"
    )
