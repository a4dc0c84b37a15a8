import json

import pytest

from tests.protocol import matching

SHOWN = {
    "type": "events",
    "room": "lobby",
    "events": [
        {"seq": 1, "author": {"key": "g-…"}, "at": "2026-02-03T10:15:00.000Z", "body": "hello"}
    ],
}
CAME = json.dumps(SHOWN).replace("g-\\u2026", "g-0123").replace("10:15:00.000", "23:59:59.999")


def test_what_is_shown_matches():
    assert matching.of_text(json.dumps(SHOWN), CAME) == []


@pytest.mark.parametrize(
    ("change", "into", "where"),
    [
        ('"room": "lobby"', '"room": "lobby", "cursor": "x"', ".cursor came"),
        ('"room": "lobby", ', "", ".room is shown"),
        ('"room": "lobby"', '"room": "attic"', ".room is shown as 'lobby'"),
        ('"seq": 1', '"seq": 2', ".events[0].seq"),
        ('"seq": 1', '"seq": "1"', ".events[0].seq"),
        ('"seq": 1', '"seq": true', ".events[0].seq"),
        ("g-0123", "u-1", ".events[0].author.key"),
        (".999Z", "Z", ".events[0].at"),
        ('"body": "hello"', '"body": "hello"}, {"body": "hello"', ".events is shown"),
    ],
)
def test_what_differs_is_named(change, into, where):
    assert change in CAME
    assert where in " ".join(matching.of_text(json.dumps(SHOWN), CAME.replace(change, into)))


def test_a_clock_is_any_number_and_an_echo_the_same():
    assert matching.of_text('{"type":"ping","ts":1}', '{"type":"ping","ts":2}') == []
    assert matching.of_text('{"type":"pong","ts":1}', '{"type":"pong","ts":2}')
    assert matching.of_text('{"type":"ping","ts":1}', '{"type":"ping","ts":"2"}')


def test_a_line_matches_where_it_is_not_left_open():
    assert matching.of_text("Ann: hello", "Ann: hello") == []
    assert matching.of_text("! The next may come in … s.", "! The next may come in 0.1 s.") == []
    assert matching.of_text("Ann: hello", "Ann: hello!")
    assert matching.of_text("guest-…: x", "guest-: x")
